// Events signed by Stripe's official Node SDK, posted to the functions.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bridge, stripeClient } from "../bridge.js";

const stripe = stripeClient();
const secret = bridge.stripeWebhookSecret;
const now = () => Math.floor(Date.now() / 1000);

const event = JSON.stringify({
  id: "evt_interop", object: "event", api_version: "2023-10-16", created: now(), livemode: false,
  pending_webhooks: 1, request: { id: null, idempotency_key: null }, type: "payment_intent.succeeded",
  data: { object: { id: "pi_interop", object: "payment_intent", amount: 1999, currency: "eur", status: "succeeded", metadata: { note: "café ☕ \u2028" } } },
}, null, 2);

const sign = (options = {}) => stripe.webhooks.generateTestHeaderString({ payload: event, secret, timestamp: now(), ...options });

async function post(body, headers) {
  const res = await fetch(new URL("/api/stripe/webhook", bridge.functions), {
    method: "POST", body, headers: { "content-type": "application/json; charset=utf-8", ...headers },
  });
  return { status: res.status, body: await res.json() };
}

const accepted = {
  "as signed": () => ({ "stripe-signature": sign() }),
  "signed four minutes ago": () => ({ "stripe-signature": sign({ timestamp: now() - 240 }) }),
  "with a second signature of another secret": () => {
    const other = sign({ secret: "whsec_another" }).split(",")[1];
    const [t, ours] = sign().split(",");
    return { "stripe-signature": `${t},${other},${ours}` };
  },
};
for (const [name, headers] of Object.entries(accepted)) {
  test(`accepted: ${name}`, async () => {
    const answer = await post(event, headers());
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
  });
}

const refused = {
  "one byte changed": () => [event.replace("1999", "1998"), { "stripe-signature": sign() }],
  "one byte more": () => [event + "\n", { "stripe-signature": sign() }],
  "the same value in another spelling": () => [JSON.stringify(JSON.parse(event)), { "stripe-signature": sign() }],
  "signed with another secret": () => [event, { "stripe-signature": sign({ secret: "whsec_another" }) }],
  "signed more than 300 seconds ago": () => [event, { "stripe-signature": sign({ timestamp: now() - 310 }) }],
  "signed in the future": () => [event, { "stripe-signature": sign({ timestamp: now() + 310 }) }],
  "the timestamp changed": () => [event, { "stripe-signature": sign().replace(/t=\d+/, `t=${now() - 1}`) }],
  "only the test scheme v0": () => [event, { "stripe-signature": sign({ scheme: "v0" }) }],
  "not signed": () => [event, {}],
  "no body": () => ["", { "stripe-signature": sign({ payload: "" }) }],
};
for (const [name, make] of Object.entries(refused)) {
  test(`refused: ${name}`, async () => {
    const answer = await post(...make());
    assert.equal(answer.status, 400, JSON.stringify(answer.body));
    assert.ok(!JSON.stringify(answer.body).includes(secret));
  });
}

test("what the functions accept, the SDK accepts too", () => {
  assert.equal(stripe.webhooks.constructEvent(event, sign(), secret).id, "evt_interop");
});
