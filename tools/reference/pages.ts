// All pages of docs/reference, by name, and their index.
import { apiPages } from "./api-pages.ts";
import { commandPage } from "./command-page.ts";
import { page, table } from "./markdown.ts";
import { optionPage } from "./option-page.ts";
import { registerPages } from "./register-pages.ts";
import { systemRegisterPage } from "./sysreg-page.ts";

export async function allPages(): Promise<{ readonly pages: ReadonlyMap<string, string>; readonly problems: readonly string[] }> {
  const registers = await registerPages();
  const api = apiPages();
  const pages = new Map<string, string>([
    ...registers.pages,
    ["registers-system.md", await systemRegisterPage()],
    ["machine-file-options.md", await optionPage()],
    ["command-line.md", await commandPage()],
    ...api.pages,
  ]);
  pages.set("README.md", index([...pages], api.index));
  return { pages, problems: registers.problems };
}

function index(pages: readonly (readonly [name: string, text: string])[], api: readonly (readonly string[])[]): string {
  const others = pages.filter(([name]) => !name.startsWith("api-"));
  const titled = others.map(([name, text]) => `- [${text.slice("# ".length, text.indexOf("\n"))}](${name})`);
  return page(
    "Reference",
    "Made from the code: register maps from the rows that are the devices, options from the schemas that check them, the command line " +
      "from the program that parses it, exports from the compiler. A page that no longer fits fails `npm run check`; " +
      "`node tools/run.mjs reference` writes them anew.",
    titled.join("\n"),
    `## Packages\n\n${table(["package", "entries"], api)}`,
  );
}
