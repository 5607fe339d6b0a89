// The templates and their queries through other people's readers of the two
// languages: the Bicep grammar of tree-sitter, and Microsoft's language service
// of Kusto, which knows the tables of Application Insights from here.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Language, Parser } from "web-tree-sitter";

const require = createRequire(import.meta.url);
const infra = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "infra");

async function files(folder, extension) {
  const names = (await readdir(join(infra, folder))).filter((name) => name.endsWith(extension));
  assert.notEqual(names.length, 0, `no ${extension} in infra/${folder}`);
  return Promise.all(names.map(async (name) => ({ name: join(folder, name), text: await readFile(join(infra, folder, name), "utf8") })));
}

test("the templates are Bicep", async () => {
  await Parser.init();
  const parser = new Parser();
  parser.setLanguage(await Language.load(require.resolve("tree-sitter-bicep/tree-sitter-bicep.wasm")));
  const wrong = (text) => {
    const found = [];
    const look = (node) => {
      if (node.isError || node.isMissing) {
        found.push(`line ${node.startPosition.row + 1}: ${node.text.slice(0, 60)}`);
      }
      node.children.forEach(look);
    };
    look(parser.parse(text).rootNode);
    return found;
  };
  assert.notDeepEqual(wrong("param a string =\nvar b = {"), [], "the grammar takes anything");
  for (const { name, text } of [...(await files(".", ".bicep")), ...(await files("modules", ".bicep"))]) {
    assert.deepEqual(wrong(text), [], name);
  }
});

test("the queries are Kusto, and read columns that there are", async () => {
  require("@kusto/language-service-next/bridge.min.js");
  require("@kusto/language-service-next/Kusto.Language.Bridge.min.js");
  const { GlobalState, KustoCode, Symbols } = globalThis.Kusto.Language;
  const table = (name, columns) => new Symbols.TableSymbol.$ctor7(name, columns);
  const state = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor("insights", [
    table("traces", "(timestamp: datetime, message: string, severityLevel: int, itemCount: int, customDimensions: dynamic, operation_Id: string, cloud_RoleInstance: string)"),
    table("requests", "(timestamp: datetime, id: string, name: string, url: string, success: bool, resultCode: string, duration: real, itemCount: int, operation_Id: string, cloud_RoleInstance: string)"),
  ]));
  const wrong = (query) => {
    const diagnostics = KustoCode.ParseAndAnalyze(query, state).GetDiagnostics();
    return Array.from({ length: diagnostics.Count }, (_, i) => diagnostics.getItem(i)).map((d) => `${d.Message} (at ${query.slice(d.Start, d.Start + 30)})`);
  };
  assert.equal(wrong("traces | where nonsense == 1").length, 1, "the language service takes anything");
  for (const { name, text } of await files("queries", ".kql")) {
    assert.deepEqual(wrong(text), [], name);
  }
});
