// Who may import whom. Rules for dependency-cruiser; tools/check-layering.ts proves each of them on a file that breaks it, then applies
// them to the tree. Names and reasons: DESIGN "Imports point one way: examples → cli → plugins → core"; docs/adr/0020-layering-tool.md.
//
// A package that is not named here (a new one) is a plugin. An arrow that has to be added is a design decision: write an ADR first.

const CORE = "^packages/core/";
const TESTKIT = "^packages/testkit/";
const CLI = "^packages/cli/";
const PLUGIN = "^packages/(?!core/|testkit/|cli/)([^/]+)/";
const SPEC = "\\.spec(-d)?\\.ts$";

/** Where inversify may be named: service identifiers, modules, and the composition of a machine. */
const COMPOSITION = [
  "\\.module\\.ts$",
  "/tokens\\.ts$",
  "/machine[^/]*\\.ts$",
  "/machine/[^/]+\\.ts$",
  "^packages/core/src/index\\.ts$", // imports reflect-metadata, which inversify asks of its users
  SPEC,
];

/** Inner hot files: they compute, their edges (bus.ts, the wires, the vCPU) speak streams. */
const INNER_HOT = [
  "^packages/core/src/(ids|u64|errno|errors)\\.ts$",
  "^packages/core/src/(registers|memory)/",
  "-table\\.ts$",
  "\\.registers\\.ts$",
  "^packages/vgic-plugin/.*/(arbitration|irq-state|per-irq)\\.ts$",
  "^packages/soft-cpu/src/(?!index|soft-cpu\\.module|soft-vcpu|tokens)",
];

const NOT_BELOW_CORE = "^(packages/(?!core/)|examples/|bench/|tools/)";
const SIBLING = "^packages/(?!core/|testkit/|$1/)"; // $1: the importing package, from PLUGIN
const CONTAINER = ["(^|/)node_modules/(inversify|reflect-metadata)/", "^(inversify|reflect-metadata)$"];
const STREAMS_OR_CONTAINER = ["(^|/)node_modules/(rxjs|inversify)/", "^(rxjs|inversify)$"];

/** name, reason, from, to */
const RULES = [
  ["no-cycle", "A circle, type imports included: move what both need below both.", {}, { circular: true }],
  ["no-unknown", "Not a declared dependency, not an export of that package, or no such file.", {}, { couldNotResolve: true }],
  ["core-stands-alone", "core imports no other package.", { path: CORE }, { path: NOT_BELOW_CORE }],
  ["plugin-imports-core-only", "Plugins meet in core's contracts, never each other.", { path: PLUGIN }, { path: SIBLING }],
  ["testkit-imports-core-only", "The suites know no plugin.", { path: TESTKIT }, { path: "^packages/(?!core/|testkit/)" }],
  ["testkit-in-specs-only", "Shipped code does not need a test kit.", { path: [PLUGIN, CLI], pathNot: SPEC }, { path: TESTKIT }],
  ["examples-are-on-top", "Nothing imports an example.", { path: "^(packages|bench|tools)/" }, { path: "^examples/" }],
  [
    "examples-are-apart",
    "Each example reads alone; only the drivers of scripted guests (guest-*) are shared.",
    { path: "^examples/([^/]+)/" },
    { path: "^examples/(?!$1/|guest-[^/]+/)[^/]+/" },
  ],
  [
    "no-relative-path-into-a-package",
    "Import another package by its name.",
    { path: "^(packages/[^/]+|examples|bench|tools)/" },
    { path: "^packages/", pathNot: "^$1/", dependencyTypes: ["local"] },
  ],
  [
    "inversify-in-modules-only",
    "Constructors stay ordinary; only modules, tokens and the machine know the container.",
    { path: "^packages/", pathNot: COMPOSITION },
    { path: CONTAINER },
  ],
  [
    "hot-files-know-no-streams",
    "Inner hot files know neither rxjs nor inversify; only their edges speak wires.",
    { path: INNER_HOT, pathNot: SPEC },
    { path: STREAMS_OR_CONTAINER },
  ],
];

export default {
  forbidden: RULES.map(([name, comment, from, to]) => ({ name, comment, severity: "error", from, to })),
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "/dist/|^packages/testkit/template/" }, // the template is a project of its own, tried by check-pack
    tsPreCompilationDeps: true, // `import type` counts: a layer is about what one must know, not about what is loaded
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@trapline/source", "import", "node", "default", "types"],
      extensions: [".ts", ".mjs", ".js", ".d.ts"],
    },
  },
};
