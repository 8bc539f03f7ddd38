// Documentation: every TypeScript block of every Markdown file compiles against the workspace (see doc-blocks.ts).
import { checkDocuments } from "./doc-blocks.ts";
import { report } from "./gate.ts";

const { problems, blocks, documents } = checkDocuments();
report("docs", problems, `clean; ${blocks} blocks in ${documents} documents compile`);
