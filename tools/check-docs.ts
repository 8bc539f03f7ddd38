// Documentation: every TypeScript block of every Markdown file compiles against the workspace (doc-blocks.ts), every link leads somewhere.
import { checkDocuments, markdownFiles } from "./doc-blocks.ts";
import { checkLinks } from "./doc-links.ts";
import { report } from "./gate.ts";

const { problems, blocks, documents } = checkDocuments();
report("docs", [...problems, ...checkLinks(markdownFiles())], `clean; ${blocks} blocks in ${documents} documents compile`);
