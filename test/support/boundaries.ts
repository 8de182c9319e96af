/**
 * The house rules about imports as a function of one source file: which folder may import which, and what a browser core must
 * not touch. Owns the table; `test/boundaries.test.ts` applies it to the tree and tests it on bad samples.
 */
import { posix } from "node:path";
import ts from "typescript";

/** Folder → folders whose values it may import, besides itself. Data flows one way, from bytes to a Report. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  bytes: [],
  capture: ["bytes"],
  packet: ["bytes", "capture"],
  stream: ["bytes", "capture", "packet"],
  protocol: ["bytes"],
  observe: ["bytes", "capture", "packet", "stream", "protocol"],
  probe: ["bytes", "protocol"],
  knowledge: [],
  diagnose: ["bytes", "capture", "packet", "stream", "protocol", "observe", "knowledge"],
  report: ["bytes", "capture", "packet", "stream", "protocol", "observe", "knowledge", "diagnose"],
  cli: ["bytes", "capture", "packet", "stream", "protocol", "observe", "probe", "knowledge", "diagnose", "report"],
};

/** Further folders of which it may import types. */
const MAY_IMPORT_TYPES: Readonly<Record<string, readonly string[]>> = {
  probe: ["observe"],
  knowledge: ["bytes", "protocol"],
};

/** Run unchanged in a browser, and give the same Report for the same bytes everywhere. */
const CORE = ["bytes", "capture", "packet", "stream", "protocol", "observe", "knowledge", "diagnose", "report"];

/** Pure packages that run in a browser. zod builds functions from strings, which a content security policy forbids. */
const CORE_PACKAGES = [
  "@noble/hashes",
  "@noble/ciphers",
  "fzstd",
  "pako",
  "brotli",
  "tldts-icann",
  "@cfworker/json-schema",
];
/** Made from the schema; data. */
const PUBLISHED_SCHEMA = "../schema/report.schema.json";
const SCHEMA = "report/schema.ts";

const FORBIDDEN_NAMES = new Set([
  ...["process", "Buffer", "require", "__dirname", "__filename", "global"],
  ...["performance", "setTimeout", "setInterval", "setImmediate", "fetch", "WebSocket", "XMLHttpRequest"],
  ...["Intl", "eval"],
]);
const FORBIDDEN_MEMBERS = new Set([
  ...["Date.now", "Math.random", "crypto.getRandomValues", "crypto.randomUUID", "import.meta.dirname"],
]);
/** Depend on the locale. */
const FORBIDDEN_METHODS = /^(toLocale\w+|localeCompare)$/;

/**
 * What breaks the rules in one file, as sentences; empty when nothing does.
 * `path`: below src/, with slashes, such as `diagnose/rules/index.ts`. Tests are not to be given.
 */
export function boundaryViolations(path: string, text: string): string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const folder = path.includes("/") ? path.slice(0, path.indexOf("/")) : undefined;
  // The public API and the version sit on top of all folders.
  if (folder === undefined) return [];
  if (MAY_IMPORT[folder] === undefined) return [`src/${folder}/ is not in the table of folders`];
  const core = CORE.includes(folder);
  const found: string[] = [];

  const visit = (node: ts.Node): void => {
    const imported = importOf(node);
    if (imported !== undefined) {
      const reason = importViolation(path, folder, core, imported);
      if (reason !== undefined) found.push(`imports ${imported.module}: ${reason}`);
    }
    if (core) {
      const use = forbiddenUse(node);
      if (use !== undefined) found.push(`uses ${use}, which a browser core must not`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

interface Import {
  readonly module: string;
  readonly typesOnly: boolean;
}

function importOf(node: ts.Node): Import | undefined {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    return { module: node.moduleSpecifier.text, typesOnly: importsTypesOnly(node.importClause) };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier)) {
    return { module: node.moduleSpecifier.text, typesOnly: node.isTypeOnly };
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [module] = node.arguments;
    const named = module !== undefined && ts.isStringLiteralLike(module);
    return { module: named ? module.text : "(computed)", typesOnly: false };
  }
  return undefined;
}

function importsTypesOnly(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const { name, namedBindings } = clause;
  return (
    name === undefined &&
    namedBindings !== undefined &&
    ts.isNamedImports(namedBindings) &&
    namedBindings.elements.every(({ isTypeOnly }) => isTypeOnly)
  );
}

function importViolation(
  path: string,
  folder: string,
  core: boolean,
  { module, typesOnly }: Import,
): string | undefined {
  if (!module.startsWith(".")) {
    if (!core) return undefined;
    if (module.startsWith("node:")) return "core folders run in a browser";
    if (module === "zod" && path === SCHEMA) return undefined;
    const known = CORE_PACKAGES.some((name) => module === name || module.startsWith(`${name}/`));
    return known ? undefined : "not a package the core may use";
  }
  const target = posix.join(posix.dirname(path), module);
  if (target === PUBLISHED_SCHEMA && folder === "report") return undefined;
  if (target.startsWith("..")) return "outside src/";
  if (target === SCHEMA && !typesOnly) return "only types may come from the schema: zod must stay out of the run time";
  const to = target.includes("/") ? target.slice(0, target.indexOf("/")) : undefined;
  if (to === undefined) {
    if (target === "version.ts" || !core) return undefined;
    return "the public API is built on this folder, not the other way round";
  }
  if (to === folder || MAY_IMPORT[folder]?.includes(to)) return undefined;
  if (typesOnly && MAY_IMPORT_TYPES[folder]?.includes(to)) return undefined;
  return `${folder} may not import ${to}`;
}

function forbiddenUse(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node)) {
    const member = node.getText().replace(/^globalThis\./, "");
    if (FORBIDDEN_MEMBERS.has(member) || FORBIDDEN_NAMES.has(member)) return member;
    if (FORBIDDEN_METHODS.test(node.name.text)) return node.name.text;
  }
  if (ts.isNewExpression(node) && isDate(node.expression) && (node.arguments?.length ?? 0) === 0) return "new Date()";
  if (ts.isCallExpression(node) && isDate(node.expression)) return "Date()";
  if (ts.isIdentifier(node) && FORBIDDEN_NAMES.has(node.text) && isReference(node)) return node.text;
  return undefined;
}

function isDate(node: ts.Node): boolean {
  return ts.isIdentifier(node) && node.text === "Date";
}

/** A use of the global, not a property, a declaration or a key that happens to have its name. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isTypeNode(parent) || ts.isQualifiedName(parent)) return true;
  return (
    ts.isExpression(parent) ||
    ts.isStatement(parent) ||
    (ts.isVariableDeclaration(parent) && parent.initializer === node)
  );
}
