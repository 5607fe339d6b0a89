// The addresses and keys of the PayBridge that runs for these tests.
import { readFileSync } from "node:fs";
import Stripe from "stripe";

export const bridge = JSON.parse(readFileSync(process.env.PAYBRIDGE_READY, "utf8"));

/** Returns Stripe's own SDK, pointed at the stand-in. */
export function stripeClient(options = {}) {
  const { hostname, port } = new URL(bridge.stripe);
  return new Stripe(options.key ?? bridge.stripeSecretKey, {
    host: hostname, port, protocol: "http", maxNetworkRetries: 0, telemetry: false,
  });
}
