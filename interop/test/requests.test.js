// A row saved by one foreign client, and what it made seen by another: the
// amounts, currencies and marks of what PayBridge asks Stripe for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as after } from "node:timers/promises";
import { DynamicsWebApi } from "dynamics-web-api";
import { bridge, stripeClient } from "../bridge.js";

const crm = new DynamicsWebApi({
  serverUrl: bridge.dataverse,
  dataApi: { version: "9.2" },
  onTokenRefresh: async () => "user:Ann",
});
const stripe = stripeClient();
const collection = "pb_payments";
const request = { none: 884200000, pay: 884200001, cancel: 884200002, refund: 884200003 };
const byLink = 884200001;

async function save(amount, iso, columns = {}) {
  const found = await crm.retrieveMultiple({
    collection: "transactioncurrencies", select: ["isocurrencycode"], filter: `isocurrencycode eq '${iso}'`,
  });
  const currency = found.value[0].transactioncurrencyid;
  return crm.create({
    collection,
    data: { pb_name: "Order", pb_amount: amount, pb_request: request.pay, "transactioncurrencyid@odata.bind": `/transactioncurrencies(${currency})`, ...columns },
  });
}

/** Reads the row until it shows what is waited for, for ten seconds at most. */
async function until(id, shows) {
  for (let tries = 0; tries < 200; tries++) {
    const row = await crm.retrieve({ collection, key: id });
    if (shows(row)) {
      return row;
    }
    await after(50);
  }
  assert.fail("the row never showed it");
}

for (const [amount, iso, minor] of [[12.5, "EUR", 1250], [1500, "JPY", 1500], [12.34, "KWD", 12340], [500, "ISK", 50000]]) {
  test(`${amount} ${iso} become ${minor} at Stripe`, async () => {
    const id = await save(amount, iso);
    const row = await until(id, (r) => r.pb_paymentintentid);
    const intent = await stripe.paymentIntents.retrieve(row.pb_paymentintentid);
    assert.equal(intent.amount, minor);
    assert.equal(intent.currency, iso.toLowerCase());
    assert.deepEqual({ ...intent.metadata }, { CRM_PaymentId: id, CRM_Org: new URL(bridge.dataverse).host });
  });
}

test("10.005 EUR are refused in words", async () => {
  const row = await until(await save(10.005, "EUR"), (r) => r.pb_lasterror);
  assert.match(row.pb_lasterror, /10\.005 EUR/);
  assert.equal(row.pb_paymentintentid, null);
});

test("a declined payment, paid at the second attempt, refunded in part", async () => {
  const id = await save(12.5, "EUR");
  const intent = (await until(id, (r) => r.pb_paymentintentid)).pb_paymentintentid;
  const pay = (method) => stripe.paymentIntents.confirm(intent, { payment_method: method, return_url: "https://shop.example" });
  await assert.rejects(pay("pm_card_visa_chargeDeclined"), { code: "card_declined" });
  const failed = await until(id, (r) => r.pb_failurecode);
  assert.equal(failed.pb_failurecode, "card_declined");
  assert.ok(failed.pb_failuremessage);
  await pay("pm_card_visa");
  await until(id, (r) => r.pb_amountreceived === 12.5 && r.pb_failurecode === null);
  await crm.update({ collection, key: id, data: { pb_request: request.refund, pb_refundamount: 2.5 } });
  await until(id, (r) => r.pb_amountrefunded === 2.5);
  const refunds = await stripe.refunds.list({ payment_intent: intent });
  assert.deepEqual(refunds.data.map((r) => r.amount), [250]);
});

test("a link to send", async () => {
  const id = await save(20, "EUR", { pb_collectby: byLink });
  const row = await until(id, (r) => r.pb_checkouturl);
  const session = await stripe.checkout.sessions.retrieve(row.pb_checkoutsessionid);
  assert.equal(session.client_reference_id, id);
  assert.equal(session.amount_total, 2000);
  assert.equal(session.url, row.pb_checkouturl);
  await crm.update({ collection, key: id, data: { pb_request: request.cancel } });
  await until(id, (r) => r.pb_checkouturl === null);
  assert.equal((await stripe.checkout.sessions.retrieve(session.id)).status, "expired");
});
