// Rows through DynamicsWebApi, an independent client of the Dataverse Web API.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { DynamicsWebApi } from "dynamics-web-api";
import { bridge } from "../bridge.js";

const api = new DynamicsWebApi({
  serverUrl: bridge.dataverse,
  dataApi: { version: "9.2" },
  onTokenRefresh: async () => "any token will do",
});
const collection = "pb_payments";
const stripeId = (prefix) => prefix + randomUUID().replaceAll("-", "");

const create = (data) => api.create({ collection, data, returnRepresentation: true });

/** An error of the Web API has a status and a code such as 0x80040217. */
const failsWith = (status, code) => (err) => {
  assert.equal(err.status, status, err.message);
  assert.equal(err.code.toLowerCase(), code, err.message);
  assert.ok(err.message);
  return true;
};

test("WhoAmI", async () => {
  const me = await api.callFunction("WhoAmI");
  for (const id of [me.UserId, me.BusinessUnitId, me.OrganizationId]) {
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f-]{27}$/);
  }
});

test("a request without a token", async () => {
  const res = await fetch(new URL("/api/data/v9.2/WhoAmI", bridge.dataverse));
  assert.equal(res.status, 401);
  assert.match(res.headers.get("www-authenticate"), /^Bearer/);
});

test("create and retrieve", async () => {
  const id = await api.create({ collection, data: { pb_name: "Order 1001", pb_amount: 19.99 } });
  assert.match(id, /^[0-9a-f-]{36}$/);
  const row = await api.retrieve({ collection, key: id, select: ["pb_name", "pb_amount", "_transactioncurrencyid_value"] });
  assert.equal(row.pb_name, "Order 1001");
  assert.equal(row.pb_amount, 19.99);
  assert.ok(row._transactioncurrencyid_value);
  assert.match(row["@odata.etag"], /^W\/"\d+"$/);
  assert.equal("pb_status" in row, false);
  await assert.rejects(api.retrieve({ collection, key: randomUUID() }), failsWith(404, "0x80040217"));
  await assert.rejects(api.retrieve({ collection, key: id, select: ["pb_nosuch"] }), (err) => err.status === 400);
});

test("a lookup, bound and expanded", async () => {
  const payment = await create({ pb_name: "with a timeline" });
  const event = stripeId("evt_");
  const made = await api.create({
    collection: "pb_paymentevents", returnRepresentation: true,
    data: { pb_stripeeventid: event, pb_type: "payment_intent.succeeded", "pb_PaymentId@odata.bind": `/pb_payments(${payment.pb_paymentid})` },
  });
  assert.equal(made._pb_paymentid_value, payment.pb_paymentid);
  const read = await api.retrieve({
    collection: "pb_paymentevents", key: `pb_stripeeventid='${event}'`,
    select: ["pb_type"], expand: [{ property: "pb_PaymentId", select: ["pb_name"] }],
  });
  assert.equal(read.pb_PaymentId.pb_name, "with a timeline");
});

test("an update that holds only while nobody else writes", async () => {
  const row = await create({ pb_name: "before" });
  const key = row.pb_paymentid;
  assert.equal(await api.update({ collection, key, data: { pb_name: "after" }, ifmatch: row["@odata.etag"] }), true);
  // The row has a new version: the old one is refused. DynamicsWebApi answers
  // false to a 412 and throws nothing.
  assert.equal(await api.update({ collection, key, data: { pb_name: "stale" }, ifmatch: row["@odata.etag"] }), false);
  assert.equal((await api.retrieve({ collection, key, select: ["pb_name"] })).pb_name, "after");
  // Without an ETag the client sends If-Match: *, so a missing row is no new row.
  await assert.rejects(api.update({ collection, key: randomUUID(), data: { pb_name: "x" } }), failsWith(404, "0x80040217"));
  const full = await api.update({ collection, key, data: { pb_amount: 7 }, returnRepresentation: true, select: ["pb_amount"] });
  assert.equal(full.pb_amount, 7);
});

test("upsert by alternate key", async () => {
  const intent = stripeId("pi_");
  const key = `pb_paymentintentid='${intent}'`;
  const only = { collection, key, returnRepresentation: true, ifnonematch: "*" };
  const made = await api.upsert({ ...only, data: { pb_name: "new" } });
  assert.equal(made.pb_paymentintentid, intent);
  // It is there now: If-None-Match refuses, which the client answers with null.
  assert.equal(await api.upsert({ ...only, data: { pb_name: "again" } }), null);
  const changed = await api.upsert({ collection, key, data: { pb_name: "changed" }, returnRepresentation: true });
  assert.equal(changed.pb_paymentid, made.pb_paymentid);
  assert.equal((await api.retrieve({ collection, key, select: ["pb_name"] })).pb_name, "changed");
  await assert.rejects(create({ pb_name: "twin", pb_paymentintentid: intent }), (err) => err.status === 412);
  await assert.rejects(api.retrieve({ collection, key: `pb_paymentintentid='${stripeId("pi_")}'` }), (err) => err.status === 404);
});

test("filter, order and pages", async () => {
  const name = `page ${randomUUID()}`;
  for (let i = 1; i <= 5; i++) {
    await api.create({ collection, data: { pb_name: name, pb_amount: i } });
  }
  const filter = `pb_name eq '${name}'`;
  let page = await api.retrieveMultiple({ collection, filter, select: ["pb_amount"], orderBy: ["pb_amount desc"], maxPageSize: 2, count: true });
  const amounts = page.value.map((r) => r.pb_amount);
  assert.equal(page.oDataCount, 5);
  while (page.oDataNextLink) {
    page = await api.retrieveMultiple({ collection, select: ["pb_amount"], maxPageSize: 2 }, page.oDataNextLink);
    amounts.push(...page.value.map((r) => r.pb_amount));
  }
  assert.deepEqual(amounts, [5, 4, 3, 2, 1]);

  const all = await api.retrieveAll({ collection, filter: `${filter} and pb_amount gt 2 and not contains(pb_name,'nothing')`, select: ["pb_amount"] });
  assert.equal(all.value.length, 3);
  const top = await api.retrieveMultiple({ collection, filter, top: 1, orderBy: ["pb_amount asc"] });
  assert.equal(top.value[0].pb_amount, 1);
  assert.equal(await api.count({ collection, filter }), 5);
  await assert.rejects(api.retrieveMultiple({ collection, filter: "pb_name eq" }), (err) => err.status === 400);
});

test("a batch with a changeset", async () => {
  const event = stripeId("evt_");
  const row = await create({ pb_name: "in a batch" });
  api.startBatch();
  api.retrieveMultiple({ collection, filter: `pb_paymentid eq ${row.pb_paymentid}`, select: ["pb_name"] });
  api.update({ collection, key: row.pb_paymentid, data: { pb_name: "batched" }, ifmatch: row["@odata.etag"] });
  api.upsert({ collection: "pb_paymentevents", key: `pb_stripeeventid='${event}'`, data: { pb_type: "test", "pb_PaymentId@odata.bind": `/pb_payments(${row.pb_paymentid})` } });
  const [before] = await api.executeBatch();
  assert.equal(before.value[0].pb_name, "in a batch");
  const read = await api.retrieve({ collection: "pb_paymentevents", key: `pb_stripeeventid='${event}'`, expand: [{ property: "pb_PaymentId", select: ["pb_name"] }] });
  assert.equal(read.pb_PaymentId.pb_name, "batched");
});

test("a changeset with one stale part changes nothing", async () => {
  const row = await create({ pb_name: "kept" });
  await api.update({ collection, key: row.pb_paymentid, data: { pb_amount: 1 } });
  const event = stripeId("evt_");
  api.startBatch();
  api.upsert({ collection: "pb_paymentevents", key: `pb_stripeeventid='${event}'`, data: { pb_type: "test" } });
  api.update({ collection, key: row.pb_paymentid, data: { pb_name: "lost" }, ifmatch: row["@odata.etag"] });
  await assert.rejects(api.executeBatch(), (errs) => {
    const [err] = [errs].flat();
    assert.equal(err.status, 412);
    assert.equal(err.error.code, "0x80060882");
    return true;
  });
  await assert.rejects(api.retrieve({ collection: "pb_paymentevents", key: `pb_stripeeventid='${event}'` }), (err) => err.status === 404);
  assert.equal((await api.retrieve({ collection, key: row.pb_paymentid, select: ["pb_name"] })).pb_name, "kept");
});

test("a changeset that refers to its own row", async () => {
  const event = stripeId("evt_");
  api.startBatch();
  api.create({ collection, data: { pb_name: "by reference" }, contentId: "1" });
  api.create({ collection: "pb_paymentevents", data: { pb_stripeeventid: event, "pb_PaymentId@odata.bind": "$1" } });
  await api.executeBatch();
  const read = await api.retrieve({ collection: "pb_paymentevents", key: `pb_stripeeventid='${event}'`, expand: [{ property: "pb_PaymentId", select: ["pb_name"] }] });
  assert.equal(read.pb_PaymentId.pb_name, "by reference");
});

test("values that do not fit", async () => {
  await assert.rejects(create({ pb_name: "x".repeat(201) }), failsWith(400, "0x80044331"));
  await assert.rejects(create({ pb_status: 1 }), failsWith(400, "0x8004431a"));
  await assert.rejects(create({ pb_nosuch: 1 }), failsWith(400, "0x80048d19"));
});

test("delete", async () => {
  const row = await create({ pb_name: "to go" });
  const key = row.pb_paymentid;
  assert.equal(await api.deleteRecord({ collection, key, ifmatch: 'W/"1"' }), false);
  assert.equal(await api.deleteRecord({ collection, key }), true);
  await assert.rejects(api.deleteRecord({ collection, key }), failsWith(404, "0x80040217"));
});
