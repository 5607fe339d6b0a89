// paybridge deadletters over AMQP, beside Microsoft's own SDK for Node.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { ServiceBusClient } from "@azure/service-bus";
import { DynamicsWebApi } from "dynamics-web-api";
import { bridge } from "../bridge.js";
import { serviceBus } from "../servicebus.js";

const queue = "payment-events";
let bus, client;
before(async () => {
  bus = await serviceBus({ queues: [queue, "payment-requests"], key: "c2VjcmV0" });
  client = new ServiceBusClient(bus.connection());
});
after(async () => {
  await client.close();
  bus.close();
});

const settings = (connection) => ({
  ...process.env, ServiceBusConnection: connection, PaymentEventsQueue: queue, PaymentRequestsQueue: "payment-requests",
  StripeApiBase: bridge.stripe, StripeSecretKey: bridge.stripeSecretKey, DataverseUrl: bridge.dataverse,
});

/** Runs paybridge deadletters and returns what it printed. */
const paybridge = (args, ...where) => command(["deadletters", ...args], ...where);

/** Runs a command of paybridge's and returns what it printed. */
async function command(args, connection = bus.connection(), others = {}) {
  const run = spawn("go", ["run", "./cmd/paybridge", ...args], {
    cwd: dirname(dirname(dirname(fileURLToPath(import.meta.url)))), env: { ...settings(connection), ...others }, stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "", stderr = "";
  run.stdout.on("data", (text) => { stdout += text; });
  run.stderr.on("data", (text) => { stderr += text; });
  const [code] = await once(run, "close");
  return { code, stdout, stderr };
}

/** Sends messages and moves them to the dead letters. */
async function deadLetters(messages, reason) {
  const sender = client.createSender(queue);
  await sender.sendMessages(messages);
  await sender.close();
  const receiver = client.createReceiver(queue);
  for (let left = messages.length; left > 0;) {
    const received = await receiver.receiveMessages(left, { maxWaitTimeInMs: 10_000 });
    assert.notEqual(received.length, 0, "the messages that were sent come back");
    for (const message of received) await receiver.deadLetterMessage(message, reason);
    left -= received.length;
  }
  await receiver.close();
}

const hint = (id) => ({ v: 1, event: id, type: "payment_intent.succeeded", livemode: false, paymentIntent: "pi_nobodys" });

test("Microsoft's SDK finds everything as in Service Bus", async () => {
  await deadLetters([{ body: Buffer.from("x"), messageId: "m1", applicationProperties: { n: 1 } }], { deadLetterReason: "why", deadLetterErrorDescription: "so" });
  const receiver = client.createReceiver(queue, { subQueueType: "deadLetter" });
  const [peeked] = await receiver.peekMessages(10);
  assert.equal(peeked.messageId, "m1");
  assert.equal(peeked.deadLetterReason, "why");
  const [received] = await receiver.receiveMessages(1);
  assert.equal(received.sequenceNumber.toNumber(), peeked.sequenceNumber.toNumber());
  assert.equal(received.deadLetterErrorDescription, "so");
  await receiver.completeMessage(received);
  await receiver.close();
  assert.deepEqual(bus.count(queue + "/$deadletterqueue"), { all: 0, locked: 0 });
});

test("a message is settled by its lock token when its link is gone", async () => {
  const sender = client.createSender(queue);
  await sender.sendMessages(["completed", "abandoned", "suspended"].map((body) => ({ body, messageId: body })));
  await sender.close();
  const gone = client.createReceiver(queue);
  const received = [];
  while (received.length < 3) received.push(...await gone.receiveMessages(3 - received.length, { maxWaitTimeInMs: 10_000 }));
  await gone.close();
  const receiver = client.createReceiver(queue);
  await receiver.completeMessage(received.find((m) => m.body === "completed"));
  await receiver.deadLetterMessage(received.find((m) => m.body === "suspended"), { deadLetterReason: "why" });
  await receiver.abandonMessage(received.find((m) => m.body === "abandoned"));
  const [back] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 10_000 });
  assert.equal(back.body, "abandoned");
  await receiver.completeMessage(back);
  await receiver.close();
  const dead = client.createReceiver(queue, { subQueueType: "deadLetter" });
  const [letter] = await dead.receiveMessages(1, { maxWaitTimeInMs: 10_000 });
  assert.equal(letter.body, "suspended");
  assert.equal(letter.deadLetterReason, "why");
  await dead.completeMessage(letter);
  await dead.close();
  for (const name of [queue, queue + "/$deadletterqueue"]) assert.deepEqual(bus.count(name), { all: 0, locked: 0 });
});

const numbers = (text) => [...text.matchAll(/^ {2}(\d+) /gm)].map((m) => Number(m[1]));

test("paybridge lists, explains, resubmits and drops", async () => {
  await deadLetters([
    { body: Buffer.from(JSON.stringify(hint("evt_1"))), messageId: "first", contentType: "application/json", subject: "s", applicationProperties: { "Diagnostic-Id": "00-1" } },
    { body: Buffer.from(JSON.stringify(hint("evt_2"))), messageId: "second" },
    { body: { some: "value" }, messageId: "third" },
  ], { deadLetterReason: "MaxDeliveryCountExceeded", deadLetterErrorDescription: "often enough" });

  const listed = await paybridge(["list"]);
  assert.equal(listed.code, 0, listed.stderr);
  assert.match(listed.stdout, /^payment-events: 3 dead letters/m);
  assert.match(listed.stdout, /^ {2}\d+ .* 1 +MaxDeliveryCountExceeded +payment_intent.succeeded +pi_nobodys /m);
  assert.match(listed.stdout, /^payment-requests: no dead letters$/m);
  assert.match(listed.stderr, /queues of the Service Bus emulator/);

  const alone = await paybridge(["list"], bus.connection(), { StripeSecretKey: "" });
  assert.equal(alone.code, 0, alone.stderr);
  assert.match(alone.stdout, /not compared: Not configured: set StripeSecretKey\./);

  const explained = await paybridge(["explain", "first"]);
  assert.match(explained.stdout, /often enough/);

  const dry = await paybridge(["resubmit", "--dry-run", "--all"]);
  assert.equal(dry.code, 0, dry.stderr);
  assert.deepEqual(bus.count(queue), { all: 0, locked: 0 });

  const [, second] = numbers(listed.stdout);
  const again = await paybridge(["resubmit", "--yes", "first", "third"]);
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stdout, /resubmitted 2 dead letters/);
  assert.deepEqual(bus.count(queue), { all: 2, locked: 0 });
  assert.deepEqual(bus.count(queue + "/$deadletterqueue"), { all: 1, locked: 0 }, "the one that was not meant is given back");

  assert.match((await paybridge(["list"])).stdout, /^payment-events: 2 messages on the queue itself$/m);
  const receiver = client.createReceiver(queue);
  const [first, third] = await receiver.receiveMessages(2, { maxWaitTimeInMs: 10_000 });
  assert.deepEqual(first.body, hint("evt_1"));
  assert.equal(first.contentType, "application/json");
  assert.equal(first.subject, "s");
  assert.deepEqual(first.applicationProperties, { "Diagnostic-Id": "00-1" }, "and nothing of the dead letters");
  assert.notEqual(first.messageId, "first", "duplicate detection would drop it");
  assert.deepEqual(third.body, { some: "value" }, "a body that PayBridge cannot read is sent as it is");
  for (const message of [first, third]) await receiver.completeMessage(message);
  await receiver.close();

  const dropped = await paybridge(["drop", "--yes", String(second)]);
  assert.equal(dropped.code, 0, dropped.stderr);
  assert.match(dropped.stdout, /dropped 1 dead letter$/m);
  assert.deepEqual(bus.count(queue + "/$deadletterqueue"), { all: 0, locked: 0 });
});

test("paybridge finds one among hundreds", async () => {
  const many = Array.from({ length: 250 }, (_, i) => ({ body: Buffer.from(JSON.stringify(hint(`evt_many${i}`))), messageId: `many-${i}` }));
  await deadLetters(many, { deadLetterReason: "MaxDeliveryCountExceeded" });
  const listed = await paybridge(["list", "--max", "120"]);
  assert.equal(listed.code, 0, listed.stderr);
  assert.match(listed.stdout, /^payment-events: 120 dead letters/m);
  assert.match(listed.stdout, /^payment-events holds more: look further with --from \d+$/m);
  const dropped = await paybridge(["drop", "--yes", "many-249"]);
  assert.equal(dropped.code, 0, dropped.stderr);
  assert.deepEqual(bus.count(queue + "/$deadletterqueue"), { all: 249, locked: 0 });
  const rest = await paybridge(["drop", "--yes", "--all"]);
  assert.match(rest.stdout, /dropped 249 dead letters/);
  assert.deepEqual(bus.count(queue + "/$deadletterqueue"), { all: 0, locked: 0 });
});

test("paybridge says what is wrong", async () => {
  const badKey = await paybridge(["list"], bus.connection("d3Jvbmc="));
  assert.equal(badKey.code, 1);
  assert.match(badKey.stderr, /hint: the connection string needs the claims Listen and Send/);
  assert.doesNotMatch(badKey.stderr, /d3Jvbmc=/);
  const other = await serviceBus({ queues: ["payment-requests"], key: "c2VjcmV0" });
  const noQueue = await paybridge(["list"], other.connection());
  other.close();
  assert.equal(noQueue.code, 1);
  assert.match(noQueue.stderr, /hint: compare PaymentEventsQueue and PaymentRequestsQueue/);
});

test("paybridge survives a message that its SDK does not", async () => {
  const sender = client.createSender(queue + "/$deadletterqueue");
  await sender.sendMessages({ body: "x", applicationProperties: { DeadLetterReason: 5 } });
  await sender.close();
  const listed = await paybridge(["list"]);
  assert.equal(listed.code, 1);
  assert.match(listed.stderr, /one that the SDK cannot read/);
  assert.match(listed.stderr, /hint: remove it with the Service Bus Explorer/);
});

test("paybridge sends messages in batches as large as the link takes", async () => {
  const maxBytes = 2000;
  const narrow = await serviceBus({ queues: [queue, "payment-requests"], key: "c2VjcmV0", maxBytes });
  const receiving = new ServiceBusClient(narrow.connection());
  try {
    // Rows that wait for a payment that Stripe does not know of: reconcile has each looked at.
    const crm = new DynamicsWebApi({ serverUrl: bridge.dataverse, dataApi: { version: "9.2" }, onTokenRefresh: async () => "user:Ann" });
    const pending = 884200001;
    const rows = [];
    for (let n = 0; n < 40; n++) rows.push(await crm.create({ collection: "pb_payments", data: { pb_name: `Order ${n}`, pb_status: pending } }));
    const sent = await command(["reconcile", "--yes", "--since", "1h", "--after", "0s"], narrow.connection());
    assert.equal(sent.code, 0, sent.stderr);
    assert.match(sent.stdout, /^payment-requests: put \d+ messages on the queue$/m);
    const transfers = narrow.transfers("payment-requests");
    assert.ok(transfers.length > 1 && Math.max(...transfers) > 1, `the transfers brought ${transfers} messages`);

    const receiver = receiving.createReceiver("payment-requests");
    const messages = [];
    for (const total = narrow.count("payment-requests").all; messages.length < total;) {
      const page = await receiver.receiveMessages(total - messages.length, { maxWaitTimeInMs: 10_000 });
      assert.notEqual(page.length, 0, "the messages that were sent come");
      for (const message of page) await receiver.completeMessage(message);
      messages.push(...page);
    }
    const changes = messages.map((message) => message.body);
    for (const row of rows) {
      assert.deepEqual(changes.filter((change) => change.payment === row), [{ v: 1, payment: row, message: "reconcile" }]);
    }
    assert.ok(messages.every((message) => message.contentType === "application/json"));
    assert.equal(new Set(messages.map((message) => message.messageId)).size, messages.length, "each has an id of its own");
    for (const row of rows) await crm.deleteRecord({ collection: "pb_payments", key: row });
  } finally {
    await receiving.close();
    narrow.close();
  }
});
