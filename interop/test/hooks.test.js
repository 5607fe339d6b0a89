// The hooks for Windows, and what the pages show for PowerShell, through the
// PowerShell grammar of tree-sitter. They are held to the hooks and blocks for a
// POSIX shell, which other tests run: the same programs in the same order with
// the same arguments, and the same words for the person who reads them.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Language, Parser } from "web-tree-sitter";

const require = createRequire(import.meta.url);
const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const hooks = join(root, "infra", "hooks");

await Parser.init();
const powershell = await reader("tree-sitter-powershell");
const shell = await reader("tree-sitter-bash");

async function reader(grammar) {
  const parser = new Parser();
  parser.setLanguage(await Language.load(require.resolve(`${grammar}/${grammar}.wasm`)));
  return (text) => {
    const tree = parser.parse(text).rootNode;
    return { tree, wrong: all(tree, (node) => node.isError || node.isMissing).map((node) => `line ${node.startPosition.row + 1}: ${node.text.slice(0, 60)}`) };
  };
}

// all finds the nodes that are wanted, in the order of the text.
function all(node, wanted) {
  return [...(wanted(node) ? [node] : []), ...node.children.flatMap((child) => all(child, wanted))];
}

const compared = ["az", "azd", "func", "go", "is there", "missing"];

// commands are those that matter in a script, as lists of words: without
// quotes, with $NAME for each way to write a variable.
function commands(tree, words) {
  return all(tree, (node) => node.type === "command")
    .map((node) => words(node).map((word) => word.replace(/^(["'])(.*)\1$/s, "$2").replace(/\$(?:env:)?\{?(\w+)\}?/g, "$$$1")))
    .map(([name, ...rest]) => {
      const lookup = name === "Get-Command" ? rest.slice(0, 1) : name === "command" && rest[0] === "-v" ? rest.slice(1) : null;
      return lookup ? ["is there", ...lookup] : [name.toLowerCase(), ...rest];
    })
    .filter(([name]) => compared.includes(name));
}

// The words of a command. What a script hands on has its own sign in each.
function powershellWords(node) {
  const elements = node.children.find((child) => child.type === "command_elements")?.children ?? [];
  return [node.children[0].text, ...elements.filter((child) => !["command_argument_sep", "redirection"].includes(child.type)).map((child) => child.text.replace(/^@\w+$/, "$@"))];
}

function shellWords(node) {
  return node.children.filter((child) => child.type !== "variable_assignment" && !child.type.includes("redirect")).map((child) => child.text);
}

// texts are what is said, with … for what is put in.
const plain = (text) => text.replace(/\$(?:env:)?\w+|%s/g, "…").replace(/`n|\\n/g, "\n").trim();
const worth = (text) => /\w/.test(text);
const powershellTexts = (tree) => all(tree, (node) => node.type === "expandable_string_literal").map((node) => plain(node.text.slice(1, -1))).filter(worth);
const shellTexts = (tree) => all(tree, (node) => node.type === "command" && node.children[0].text === "printf").map((node) => plain(node.children[1].text.slice(1, -1)));

test("the grammars refuse what is no script", () => {
  assert.notDeepEqual(powershell("if ($env:X { go run }").wrong, []);
  assert.notDeepEqual(shell("if true; then go run").wrong, []);
});

test("the hooks for Windows do what the others do", async () => {
  const names = (await readdir(hooks)).filter((name) => name.endsWith(".ps1"));
  assert.notEqual(names.length, 0, "no hooks");
  for (const name of names) {
    const windows = powershell(await readFile(join(hooks, name), "utf8"));
    const posix = shell(await readFile(join(hooks, name.replace(".ps1", ".sh")), "utf8"));
    assert.deepEqual(windows.wrong, [], name);
    assert.deepEqual(posix.wrong, [], name);
    const steps = commands(windows.tree, powershellWords);
    assert.notEqual(steps.length, 0, `${name} calls nothing`);
    assert.deepEqual(steps, commands(posix.tree, shellWords), name);
    assert.deepEqual(powershellTexts(windows.tree), shellTexts(posix.tree), name);
  }
});

test("the hooks for Windows end where a program fails", async () => {
  // PowerShell goes on unless it is told to look.
  for (const name of (await readdir(hooks)).filter((name) => name.endsWith(".ps1"))) {
    const { tree } = powershell(await readFile(join(hooks, name), "utf8"));
    const statements = all(tree, (node) => node.type === "statement_list").flatMap((list) => list.children.map((node, i) => ({ node, next: list.children[i + 1] })));
    for (const { node, next } of statements) {
      if (/^(?:az|func|go) /.test(node.text)) {
        assert.match(next?.text ?? "", /^if \(\$LASTEXITCODE -ne 0\) \{[^}]*(?:exit|Missing)/s, `${name}: ${node.text}`);
      }
    }
  }
});

test("the pages show the same commands for PowerShell", async () => {
  const pages = (await readdir(join(root, "docs"))).filter((name) => name.endsWith(".md"));
  let seen = 0;
  for (const name of pages) {
    const page = await readFile(join(root, "docs", name), "utf8");
    const blocks = [...page.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language, text]) => ({ language, text }));
    for (const [i, { language, text }] of blocks.entries()) {
      if (language !== "powershell") {
        continue;
      }
      seen++;
      const windows = powershell(text);
      assert.deepEqual(windows.wrong, [], name);
      // The block before it is for the other shells.
      assert.deepEqual(commands(windows.tree, powershellWords), commands(shell(blocks[i - 1].text).tree, shellWords), name);
    }
  }
  assert.notEqual(seen, 0, "no page shows PowerShell");
});
