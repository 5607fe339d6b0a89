// The templates against what Microsoft's own SDKs know of Azure's resources.
// Azure leaves out without a word what it does not know, so a property with a
// slip in its name deploys well and does nothing.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Language, Parser } from "web-tree-sitter";

const require = createRequire(import.meta.url);
const infra = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "infra");

// known says which SDK describes a resource, by which of its models, or by the
// function that reads the resource: newer SDKs have no models any more.
const known = {
  "Microsoft.Authorization/roleAssignments": ["authorization", "RoleAssignmentCreateParameters"],
  "Microsoft.Insights/actionGroups": ["monitor", "ActionGroupResource"],
  "Microsoft.Insights/components": ["appinsights", "ApplicationInsightsComponent"],
  "Microsoft.Insights/metricAlerts": ["monitor", "MetricAlertResource"],
  "Microsoft.Insights/scheduledQueryRules": ["monitor-8", "scheduledQueryRuleResourceDeserializer"],
  "Microsoft.Insights/webtests": ["appinsights", "WebTest"],
  "Microsoft.Insights/workbooks": ["appinsights", "Workbook"],
  "Microsoft.KeyVault/vaults": ["keyvault", "VaultCreateOrUpdateParameters"],
  "Microsoft.ManagedIdentity/userAssignedIdentities": ["msi", "Identity"],
  "Microsoft.OperationalInsights/workspaces": ["operationalinsights", "Workspace"],
  "Microsoft.Resources/resourceGroups": ["resources", "ResourceGroup"],
  "Microsoft.ServiceBus/namespaces": ["servicebus", "SBNamespace"],
  "Microsoft.ServiceBus/namespaces/queues": ["servicebus", "SBQueue"],
  "Microsoft.Storage/storageAccounts": ["storage", "StorageAccountCreateParameters"],
  "Microsoft.Storage/storageAccounts/blobServices": ["storage", "BlobServiceProperties"],
  "Microsoft.Storage/storageAccounts/blobServices/containers": ["storage", "BlobContainer"],
  "Microsoft.Web/serverfarms": ["appservice", "AppServicePlan"],
  "Microsoft.Web/sites": ["appservice", "Site"],
  "Microsoft.Web/sites/basicPublishingCredentialsPolicies": ["appservice", "CsmPublishingCredentialsPoliciesEntity"],
  "Microsoft.Web/sites/config": ["appservice", "StringDictionary"],
};

await Parser.init();
const parser = new Parser();
parser.setLanguage(await Language.load(require.resolve("tree-sitter-bicep/tree-sitter-bicep.wasm")));

// mappers are the models of an SDK, as it writes them for Azure.
async function mappers(name) {
  const folder = dirname(require.resolve(`@azure/arm-${name}/package.json`));
  for (const built of ["dist/esm", "dist-esm/src", "esm"]) {
    try {
      return await import(pathToFileURL(join(folder, built, "models", "mappers.js")));
    } catch (error) {
      if (error.code !== "ERR_MODULE_NOT_FOUND") {
        throw error;
      }
    }
  }
  throw new Error(`@azure/arm-${name} has no models`);
}

// declared lists the resources that a template makes, nested ones too.
function declared(text) {
  const found = [];
  const look = (node, parent) => {
    let kind = parent;
    if (node.type === "resource_declaration") {
      const type = node.children.find((child) => child.type === "string").text.slice(1, -1).replace(/@.*/, "");
      kind = parent ? `${parent}/${type}` : type;
      if (!node.children.some((child) => child.text === "existing")) {
        found.push({ kind, body: objectIn(node) });
      }
    }
    node.children.forEach((child) => look(child, kind));
  };
  look(parser.parse(text).rootNode, "");
  return found;
}

const objectIn = (node) => node.children.find((child) => child.type === "object") ?? objectIn(node.children.find((child) => /^(?:if|for)_statement$/.test(child.type)));

const nameOf = (property) => property.children[0].text.replace(/^'(.*)'$/, "$1");

// propertiesOf leaves out nested resources and comments.
const propertiesOf = (node) => node.namedChildren.filter((child) => child.type === "object_property" && child.namedChildren[0].type !== "resource_declaration");

// values are what an expression may become.
function values(node) {
  switch (node.type) {
    case "ternary_expression":
      return node.namedChildren.slice(1).flatMap(values);
    case "call_expression":
      return node.namedChildren[0].text === "union" ? node.namedChildren[1].namedChildren.flatMap(values) : [];
    default:
      return [node];
  }
}

// judge returns what the SDK does not know in an expression.
function judge(models, type, expression, path) {
  return values(expression).flatMap((node) => {
    switch (type.name) {
      case "Composite":
        return node.type === "object" ? judgeObject(models, type, node, path) : [];
      case "Sequence":
        return node.type === "array" ? node.namedChildren.flatMap((item, i) => judge(models, type.element.type, item, `${path}[${i}]`)) : [];
      case "Dictionary":
        return node.type === "object" ? propertiesOf(node).flatMap((item) => judge(models, type.value.type, item.namedChildren[1], `${path}.${nameOf(item)}`)) : [];
      case "Enum":
        return node.type === "string" && !node.text.includes("${") && !type.allowedValues.includes(node.text.slice(1, -1)) ? [`${path}: ${node.text} is none of ${type.allowedValues}`] : [];
      default: {
        const is = { string: "String", number: "Number", boolean: "Boolean", object: "Object", array: "Sequence" }[node.type];
        const fits = !is || is === type.name || ["any", "Object"].includes(type.name) || is === "String" && /^(?:TimeSpan|DateTime|Uuid)$/.test(type.name);
        return fits ? [] : [`${path}: ${node.text} is no ${type.name}`];
      }
    }
  });
}

function judgeObject(models, type, node, path) {
  const properties = propertiesOf(node);
  const tree = treeOf(models, type, properties);
  if (tree === null) {
    return [];
  }
  return properties.flatMap((property) => {
    const name = nameOf(property);
    const at = `${path}.${name}`;
    const expression = property.namedChildren[1];
    const inner = tree[name];
    if (inner?.type) {
      return inner.readOnly ? [`${at} can only be read`] : judge(models, inner.type, expression, at);
    }
    if (inner?.tree) {
      return judge(models, { name: "Composite", tree: inner.tree }, expression, at);
    }
    return [`${at} is not known`];
  });
}

// treeOf returns the properties of a model as a tree: the SDK writes them flat,
// as properties.siteConfig. Which of several models is meant is said by a
// property.
function treeOf(models, type, properties) {
  if (type.tree) {
    return type.tree;
  }
  let mapper = type.modelProperties ? { type } : models[type.className];
  const discriminator = mapper.type.polymorphicDiscriminator;
  if (discriminator) {
    const said = properties.find((property) => nameOf(property) === discriminator.serializedName.replace("\\.", "."))?.namedChildren[1].text.slice(1, -1);
    mapper = models.discriminators[`${mapper.type.uberParent ?? type.className}.${said}`] ?? mapper;
  }
  if (!mapper.type.modelProperties) {
    return null;
  }
  const tree = {};
  for (const { serializedName, type: inner, readOnly } of Object.values(mapper.type.modelProperties)) {
    const steps = serializedName.replaceAll("\\.", "\0").split(".").map((step) => step.replaceAll("\0", "."));
    let at = tree;
    for (const step of steps.slice(0, -1)) {
      at = (at[step] ??= { tree: {} }).tree;
    }
    at[steps.at(-1)] = { type: inner, readOnly };
  }
  return tree;
}

// reader is the function by which an SDK reads what Azure answers.
async function reader(sdk, name) {
  const models = join(dirname(require.resolve(`arm-${sdk}/package.json`)), "dist", "esm", "models");
  for (const folder of await readdir(models, { recursive: true })) {
    if (folder.endsWith("models.js")) {
      const found = (await import(pathToFileURL(join(models, folder))))[name];
      if (found) {
        return found;
      }
    }
  }
  throw new Error(`arm-${sdk} has no ${name}`);
}

// plain is an object of a template with texts in the place of expressions.
function plain(node) {
  switch (node.type) {
    case "object":
      return Object.fromEntries(propertiesOf(node).map((property) => [nameOf(property), plain(property.namedChildren[1])]));
    case "array":
      return node.namedChildren.filter((item) => item.type !== "comment").map(plain);
    default:
      return node.text;
  }
}

// unread returns the properties at which the SDK does not look.
function unread(read, resource) {
  const looked = new Set();
  const watched = (value, path) =>
    typeof value !== "object" ? value : new Proxy(value, {
      get: (of, key) => {
        looked.add(`${path}.${String(key)}`);
        return watched(Reflect.get(of, key), `${path}.${String(key)}`);
      },
    });
  read(watched(resource, ""));
  const all = (value, path) => Object.entries(value).flatMap(([key, inner]) => [`${path}.${key}`, ...(typeof inner === "object" ? all(inner, `${path}.${key}`) : [])]);
  return all(resource, "").filter((path) => !looked.has(path)).map((path) => `${path} is not known`);
}

// The compiler takes these out, and Azure has the name from the address.
const ofTheLanguage = ["name", "parent", "scope", "dependsOn"];

// What came with a newer version of Azure's interface than the SDK knows.
const newer = ["Microsoft.ServiceBus/namespaces.properties.minimumTlsVersion", "Microsoft.ServiceBus/namespaces.properties.publicNetworkAccess"];

async function wrong(text) {
  const problems = [];
  for (const { kind, body } of declared(text)) {
    assert.ok(kind in known, `no model is named for ${kind}`);
    const [sdk, model] = known[kind];
    const found = model.endsWith("Deserializer") ? unread(await reader(sdk, model), plain(body)) : judgeObject(await mappers(sdk), { className: model }, body, "");
    problems.push(...found.filter((problem) => !ofTheLanguage.some((name) => problem.startsWith(`.${name} `))).map((problem) => `${kind}${problem}`));
  }
  return problems;
}

test("slips are found", async () => {
  const resource = (kind, body) => `resource x '${kind}@2024-01-01' = {\n  name: 'x'\n  properties: {\n    ${body}\n  }\n}\n`;
  for (const [text, want] of [
    [resource("Microsoft.Web/sites", "keyVaultReferenceIdentiy: id"), "Microsoft.Web/sites.properties.keyVaultReferenceIdentiy is not known"],
    [resource("Microsoft.Web/sites", "functionAppConfig: { runtime: { nam: 'custom' } }"), "Microsoft.Web/sites.properties.functionAppConfig.runtime.nam is not known"],
    [resource("Microsoft.Web/sites", "httpsOnly: 'true'"), "Microsoft.Web/sites.properties.httpsOnly: 'true' is no Boolean"],
    [resource("Microsoft.Web/sites", "defaultHostName: 'x'"), "Microsoft.Web/sites.properties.defaultHostName can only be read"],
    [resource("Microsoft.ServiceBus/namespaces/queues", "lockDuraton: 'PT5M'"), "Microsoft.ServiceBus/namespaces/queues.properties.lockDuraton is not known"],
    [resource("Microsoft.Insights/scheduledQueryRules", "criteria: { allOf: [{ querry: 'traces' }] }"), "Microsoft.Insights/scheduledQueryRules.properties.criteria.allOf.0.querry is not known"],
    [resource("Microsoft.Insights/metricAlerts", "criteria: {\n'odata.type': 'Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria'\nfailedLocations: 3\n}"), "Microsoft.Insights/metricAlerts.properties.criteria.failedLocations is not known"],
  ]) {
    assert.deepEqual(await wrong(text), [want]);
  }
});

test("Azure knows each property of the templates", async () => {
  const names = (await readdir(infra, { recursive: true })).filter((name) => name.endsWith(".bicep"));
  assert.notEqual(names.length, 0);
  const excused = new Set(newer.map((property) => `${property} is not known`));
  for (const name of names) {
    for (const problem of await wrong(await readFile(join(infra, name), "utf8"))) {
      assert.ok(excused.delete(problem), `${name}: ${problem}`);
    }
  }
  assert.deepEqual([...excused], [], "the SDK knows more than it did");
});
