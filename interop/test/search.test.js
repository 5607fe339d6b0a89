// Search through Stripe's official Node SDK. It lags, so this file takes about
// a minute, beside the others.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { setTimeout as after } from "node:timers/promises";
import { stripeClient } from "../bridge.js";

test("search finds payments by their metadata, after a while", { timeout: 180_000 }, async () => {
  const stripe = stripeClient();
  const id = randomUUID();
  const made = [];
  for (let i = 0; i < 3; i++) {
    made.push((await stripe.paymentIntents.create({ amount: 100 + i, currency: "eur", metadata: { CRM_PaymentId: id } })).id);
  }
  const search = async () => {
    const found = await stripe.paymentIntents.search({ query: `metadata['CRM_PaymentId']:'${id}'`, limit: 2 }).autoPagingToArray({ limit: 100 });
    return found.map((p) => p.id).sort();
  };
  assert.deepEqual(await search(), [], "search knows an object only some time after its change");
  let found = [];
  while (found.length < made.length) {
    await after(1000);
    found = await search();
  }
  assert.deepEqual(found, made.toSorted());
});
