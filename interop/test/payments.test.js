// Payments through Stripe's official Node SDK.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import Stripe from "stripe";
import { stripeClient } from "../bridge.js";

const stripe = stripeClient();
const { StripeCardError, StripeInvalidRequestError, StripeIdempotencyError, StripeAuthenticationError } = Stripe.errors;

const pay = (amount, payment_method = "pm_card_visa", more = {}) => stripe.paymentIntents.create({
  amount, currency: "eur", payment_method, confirm: true, automatic_payment_methods: { enabled: true, allow_redirects: "never" }, ...more,
});

for (const [currency, amount] of [["eur", 1999], ["usd", 50], ["jpy", 500], ["isk", 50000], ["kwd", 1250], ["huf", 200000]]) {
  test(`a payment of ${amount} ${currency}`, async () => {
    const id = randomUUID();
    const created = await stripe.paymentIntents.create({
      amount, currency, description: "Order 1001", metadata: { CRM_PaymentId: id, note: "café ☕" },
      automatic_payment_methods: { enabled: true, allow_redirects: "never" },
    });
    assert.match(created.id, /^pi_/);
    assert.equal(created.status, "requires_payment_method");
    assert.equal(created.amount, amount);
    assert.equal(created.livemode, false);
    assert.ok(created.client_secret.startsWith(created.id + "_secret_"));
    assert.equal(created.customer, null);

    const confirmed = await stripe.paymentIntents.confirm(created.id, { payment_method: "pm_card_visa" });
    assert.equal(confirmed.status, "succeeded");
    assert.equal(confirmed.amount_received, amount);
    assert.match(confirmed.latest_charge, /^ch_/);

    const read = await stripe.paymentIntents.retrieve(created.id, { expand: ["latest_charge"] });
    assert.deepEqual(read.metadata, { CRM_PaymentId: id, note: "café ☕" });
    assert.equal(read.latest_charge.id, confirmed.latest_charge);
    assert.equal(read.latest_charge.paid, true);
    assert.equal(read.latest_charge.currency, currency);
    assert.equal(read.latest_charge.payment_method_details.card.last4, "4242");
    assert.equal(read.latest_charge.metadata.CRM_PaymentId, id);
  });
}

test("a declined card", async () => {
  const created = await stripe.paymentIntents.create({ amount: 700, currency: "eur", payment_method_types: ["card"] });
  const declined = await assert.rejects(
    stripe.paymentIntents.confirm(created.id, { payment_method: "pm_card_visa_chargeDeclined" }),
    (err) => {
      assert.ok(err instanceof StripeCardError, `${err.type}: ${err.message}`);
      assert.equal(err.statusCode, 402);
      assert.equal(err.code, "card_declined");
      assert.equal(err.decline_code, "generic_decline");
      assert.equal(err.payment_intent.id, created.id);
      assert.match(err.requestId, /^req_/);
      return true;
    },
  );
  assert.equal(declined, undefined);
  const read = await stripe.paymentIntents.retrieve(created.id);
  assert.equal(read.status, "requires_payment_method");
  assert.equal(read.last_payment_error.code, "card_declined");

  // The customer tries again with another card.
  const paid = await stripe.paymentIntents.confirm(created.id, { payment_method: "pm_card_mastercard" });
  assert.equal(paid.status, "succeeded");
  assert.equal(paid.last_payment_error, null);
});

test("a card that asks for authentication", async () => {
  const intent = await pay(900, "pm_card_authenticationRequired", { return_url: "https://example.com/back", automatic_payment_methods: { enabled: true } });
  assert.equal(intent.status, "requires_action");
  assert.ok(intent.next_action.type);
});

test("update, cancel, capture", async () => {
  const intent = await stripe.paymentIntents.create({ amount: 100, currency: "eur", metadata: { a: "1", b: "2" } });
  const updated = await stripe.paymentIntents.update(intent.id, { amount: 150, metadata: { a: "", c: "3" } });
  assert.equal(updated.amount, 150);
  assert.deepEqual(updated.metadata, { b: "2", c: "3" });
  const canceled = await stripe.paymentIntents.cancel(intent.id, { cancellation_reason: "abandoned" });
  assert.equal(canceled.status, "canceled");
  assert.equal(canceled.cancellation_reason, "abandoned");

  const held = await pay(1000, "pm_card_visa", { capture_method: "manual" });
  assert.equal(held.status, "requires_capture");
  assert.equal(held.amount_capturable, 1000);
  const captured = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 600 });
  assert.equal(captured.status, "succeeded");
  assert.equal(captured.amount_received, 600);
});

test("list with pages", async () => {
  const made = [];
  for (let i = 0; i < 5; i++) {
    made.unshift((await stripe.paymentIntents.create({ amount: 100 + i, currency: "eur" })).id);
  }
  const first = await stripe.paymentIntents.list({ limit: 2 });
  assert.equal(first.data.length, 2);
  assert.equal(first.has_more, true);
  // Newest first; intents of other tests may lie between.
  const walked = [];
  for await (const p of stripe.paymentIntents.list({ limit: 2 })) {
    if (made.includes(p.id)) walked.push(p.id);
    if (walked.length === 5) break;
  }
  assert.deepEqual(walked, made);
});

test("refunds in part and in full", async () => {
  const intent = await pay(1000);
  const part = await stripe.refunds.create({ payment_intent: intent.id, amount: 300, reason: "requested_by_customer", metadata: { why: "late" } });
  assert.match(part.id, /^re_/);
  assert.equal(part.status, "succeeded");
  assert.equal(part.payment_intent, intent.id);
  let charge = await stripe.charges.retrieve(intent.latest_charge);
  assert.equal(charge.amount_refunded, 300);
  assert.equal(charge.refunded, false);

  await assert.rejects(stripe.refunds.create({ payment_intent: intent.id, amount: 701 }), (err) => {
    assert.ok(err instanceof StripeInvalidRequestError);
    return true;
  });

  const rest = await stripe.refunds.create({ charge: intent.latest_charge });
  assert.equal(rest.amount, 700);
  charge = await stripe.charges.retrieve(intent.latest_charge);
  assert.equal(charge.amount_refunded, 1000);
  assert.equal(charge.refunded, true);
  const list = await stripe.refunds.list({ payment_intent: intent.id });
  assert.deepEqual(list.data.map((r) => r.id), [rest.id, part.id]);
  await assert.rejects(stripe.refunds.create({ payment_intent: intent.id }), { code: "charge_already_refunded" });
});

test("a dispute, answered", async () => {
  const intent = await pay(2500, "pm_card_createDispute");
  const disputes = await stripe.disputes.list({ payment_intent: intent.id });
  assert.equal(disputes.data.length, 1);
  const [dispute] = disputes.data;
  assert.equal(dispute.status, "needs_response");
  assert.equal(dispute.reason, "fraudulent");
  assert.equal(dispute.charge, intent.latest_charge);
  assert.equal((await stripe.charges.retrieve(intent.latest_charge)).disputed, true);
  const answered = await stripe.disputes.update(dispute.id, { evidence: { uncategorized_text: "winning_evidence" }, submit: true });
  assert.ok(["under_review", "won"].includes(answered.status), answered.status);
});

test("errors say what is wrong", async () => {
  await assert.rejects(stripe.paymentIntents.create({ amount: 10, currency: "xyz" }), (err) => {
    assert.ok(err instanceof StripeInvalidRequestError);
    assert.equal(err.statusCode, 400);
    assert.equal(err.param, "currency");
    return true;
  });
  await assert.rejects(stripe.paymentIntents.create({ currency: "eur" }), { code: "parameter_missing", param: "amount" });
  await assert.rejects(stripe.paymentIntents.create({ amount: 100, currency: "eur", no_such_thing: 1 }), { code: "parameter_unknown", param: "no_such_thing" });
  await assert.rejects(stripe.paymentIntents.retrieve("pi_nosuch"), { statusCode: 404, code: "resource_missing" });
  const paid = await pay(100);
  await assert.rejects(stripe.paymentIntents.confirm(paid.id), { code: "payment_intent_unexpected_state" });
  await assert.rejects(stripeClient({ key: "sk_test_wrong" }).paymentIntents.list(), (err) => {
    assert.ok(err instanceof StripeAuthenticationError);
    return true;
  });
});

test("an idempotency key", async () => {
  const idempotencyKey = randomUUID();
  const params = { amount: 1234, currency: "eur" };
  const once = await stripe.paymentIntents.create(params, { idempotencyKey });
  const again = await stripe.paymentIntents.create(params, { idempotencyKey });
  assert.equal(again.id, once.id);
  assert.equal(again.lastResponse.headers["idempotent-replayed"], "true");
  await assert.rejects(stripe.paymentIntents.create({ ...params, amount: 1 }, { idempotencyKey }), (err) => {
    assert.ok(err instanceof StripeIdempotencyError, err.type);
    return true;
  });
});
