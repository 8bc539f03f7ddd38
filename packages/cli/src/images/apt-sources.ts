/**
 * The host's Debian archives as sources of a private apt (sources.list(5), both styles): the same mirrors and keys, for another architecture,
 * where asked for another suite. Archives of third parties are left out: they need not have the architecture, and nothing is wanted of them.
 * Pure.
 */

/** What stands in a list of sources, of either style. */
interface Source {
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
  readonly signedBy: string | undefined;
}

export interface SourceList {
  readonly file: string;
  readonly text: string;
}

/** Names under which the same archive is known besides its code name. */
const ARCHIVE_NAMES = ["stable", "oldstable", "testing", "unstable", "sid"];
/** What may follow: `bookworm-updates`, `bookworm-security`, and as it was once, `buster/updates`. */
const POCKET = /^(?:-(?:updates|security)|\/updates)?$/;

/**
 * @param codename of the host: VERSION_CODENAME of /etc/os-release
 * @param suite in the place of the host's own
 * @returns the contents of a .sources file; empty when the host has no archive of Debian's
 */
export function debianSources(lists: readonly SourceList[], codename: string, suite: string | undefined): string {
  const found = lists.flatMap(({ file, text }) => (file.endsWith(".sources") ? stanzas(text) : lines(text)));
  return found
    .map((source) => ({ ...source, suites: source.suites.flatMap((name) => rename(name, codename, suite)) }))
    .filter(({ suites, components }) => suites.length > 0 && components.includes("main"))
    .map(print)
    .join("\n");
}

/** A suite of the host's as it is to be fetched; nothing where it is no Debian suite, or the other one has no such pocket. */
function rename(name: string, codename: string, suite: string | undefined): readonly string[] {
  const base = [codename, ...ARCHIVE_NAMES].find((known) => name.startsWith(known) && POCKET.test(name.slice(known.length)));
  if (base === undefined) return [];
  const pocket = name.slice(base.length);
  if (suite === undefined) return [name];
  const rolling = suite === "sid" || suite === "unstable";
  return rolling && pocket !== "" ? [] : [`${suite}${pocket}`];
}

function print({ uris, suites, signedBy }: Source): string {
  const key = signedBy === undefined ? "" : `Signed-By:${signedBy.includes("\n") ? signedBy : ` ${signedBy}`}\n`;
  return `Types: deb\nURIs: ${uris.join(" ")}\nSuites: ${suites.join(" ")}\nComponents: main\n${key}`;
}

/** The style of .sources: fields, folded lines begin with a blank. */
function stanzas(text: string): readonly Source[] {
  const withoutComments = text.split("\n").filter((line) => !line.startsWith("#")).join("\n");
  return withoutComments.split(/\n\s*\n/).flatMap((stanza) => {
    const field = (name: string): string | undefined => new RegExp(`^${name}:(.*(?:\\n[ \\t].*)*)`, "im").exec(stanza)?.[1];
    const words = (name: string): readonly string[] => (field(name) ?? "").split(/\s+/).filter((word) => word !== "");
    if (!words("Types").includes("deb") || words("Enabled")[0]?.toLowerCase() === "no") return [];
    const key = field("Signed-By");
    return [{ uris: words("URIs"), suites: words("Suites"), components: words("Components"), signedBy: key?.includes("\n") === true ? key : key?.trim() }];
  });
}

/** The style of .list: `deb [option=value …] URI SUITE COMPONENT…`. */
function lines(text: string): readonly Source[] {
  return text.split("\n").flatMap((line) => {
    const [, options = "", rest = ""] = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?([^#]*)/.exec(line) ?? [];
    const [uri, suite, ...components] = rest.split(/\s+/).filter((word) => word !== "");
    if (uri === undefined || suite === undefined) return [];
    const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1];
    return [{ uris: [uri], suites: [suite], components, signedBy: signedBy?.replaceAll(",", " ") }];
  });
}
