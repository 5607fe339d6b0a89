// Checkout Sessions, events and webhook endpoints through Stripe's official
// Node SDK.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { stripeClient } from "../bridge.js";

const stripe = stripeClient();

const newSession = (id) => stripe.checkout.sessions.create({
  mode: "payment",
  line_items: [{ quantity: 2, price_data: { currency: "eur", unit_amount: 1250, product_data: { name: "Order 1001" } } }],
  client_reference_id: id,
  customer_email: "ann@example.com",
  metadata: { CRM_PaymentId: id },
  payment_intent_data: { metadata: { CRM_PaymentId: id } },
  success_url: "https://example.com/paid?session={CHECKOUT_SESSION_ID}",
  cancel_url: "https://example.com/back",
});

test("a Checkout Session", async () => {
  const id = randomUUID();
  const session = await newSession(id);
  assert.match(session.id, /^cs_test_/);
  assert.equal(session.status, "open");
  assert.equal(session.payment_status, "unpaid");
  assert.equal(session.amount_total, 2500);
  assert.equal(session.client_reference_id, id);
  assert.match(session.url, /^https?:/);
  assert.ok(session.expires_at > Date.now() / 1000);

  const read = await stripe.checkout.sessions.retrieve(session.id, { expand: ["payment_intent", "line_items"] });
  assert.equal(read.id, session.id);
  assert.equal(read.line_items.data[0].amount_total, 2500);
  const items = await stripe.checkout.sessions.listLineItems(session.id);
  assert.equal(items.data[0].quantity, 2);

  const expired = await stripe.checkout.sessions.expire(session.id);
  assert.equal(expired.status, "expired");
  assert.equal(expired.url, null);
  await assert.rejects(stripe.checkout.sessions.expire(session.id), { statusCode: 400 });
  const listed = await stripe.checkout.sessions.list({ limit: 1 });
  assert.equal(listed.data[0].id, session.id);
});

test("events of a payment, page by page", async () => {
  const intent = await stripe.paymentIntents.create({
    amount: 4321, currency: "eur", payment_method: "pm_card_visa", confirm: true,
    automatic_payment_methods: { enabled: true, allow_redirects: "never" },
  });
  const types = [];
  for await (const event of stripe.events.list({ limit: 2 })) {
    assert.equal(event.object, "event");
    if (event.data.object.id === intent.id) {
      types.push(event.type);
      const read = await stripe.events.retrieve(event.id);
      assert.deepEqual(read.data, event.data);
      if (event.type === "payment_intent.created") break;
    }
  }
  assert.deepEqual(types.sort(), ["payment_intent.created", "payment_intent.succeeded"]);
  const some = await stripe.events.list({ types: ["payment_intent.succeeded"], limit: 3 });
  assert.ok(some.data.length > 0 && some.data.every((e) => e.type === "payment_intent.succeeded"));
});

test("webhook endpoints", async () => {
  const made = await stripe.webhookEndpoints.create({
    // A port on which nobody listens: deliveries to it fail and harm nobody.
    url: "http://127.0.0.1:9/nowhere",
    enabled_events: ["payment_intent.succeeded"],
    description: "interop",
    metadata: { made: "here" },
  });
  assert.match(made.id, /^we_/);
  assert.match(made.secret, /^whsec_/);
  try {
    const all = await stripe.webhookEndpoints.list().autoPagingToArray({ limit: 100 });
    const listed = all.find((e) => e.id === made.id);
    assert.equal(listed.secret, undefined);
    assert.ok(all.length >= 2, "the endpoint of PayBridge is registered as well");
    const updated = await stripe.webhookEndpoints.update(made.id, { enabled_events: ["*"], disabled: true });
    assert.deepEqual(updated.enabled_events, ["*"]);
    assert.equal(updated.status, "disabled");
  } finally {
    const gone = await stripe.webhookEndpoints.del(made.id);
    assert.equal(gone.deleted, true);
  }
  await assert.rejects(stripe.webhookEndpoints.retrieve(made.id), { statusCode: 404 });
});
