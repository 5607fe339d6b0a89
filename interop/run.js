// Starts PayBridge whole, on free ports and in a folder of its own, runs the
// tests against it and stops it again. The exit code is that of the tests.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
// The handler and everything under it is built before anything answers.
const startTimeout = 10 * 60_000;

const folder = await mkdtemp(join(tmpdir(), "paybridge-interop-"));
const ready = join(folder, "ready.json");
const bridge = spawn(
  "go",
  ["run", "./cmd/paybridge", "local", "--port", "0", "--dataverse-port", "0", "--stripe-port", "0",
    "--demo=false", "--data", join(folder, "data"), "--ready", ready],
  { cwd: dirname(here), detached: true, stdio: ["ignore", "inherit", "inherit"] },
);
const ended = once(bridge, "exit");
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    stop();
    process.exit(1);
  });
}

let code = 1;
try {
  await whenReady();
  code = await runTests();
} finally {
  stop();
  await ended;
  await rm(folder, { recursive: true, force: true });
}
process.exit(code);

function stop() {
  if (bridge.exitCode === null && bridge.signalCode === null) {
    // The whole group: go run, the command, and the handler under it.
    process.kill(-bridge.pid, "SIGINT");
  }
}

async function whenReady() {
  const until = Date.now() + startTimeout;
  for (;;) {
    if (bridge.exitCode !== null || Date.now() > until) {
      throw new Error("paybridge local did not get ready");
    }
    try {
      return await access(ready);
    } catch {
      await after(100);
    }
  }
}

async function runTests() {
  const env = { ...process.env, PAYBRIDGE_READY: ready };
  // DynamicsWebApi sends even requests to 127.0.0.1 through a proxy.
  delete env.http_proxy;
  const files = (await readdir(join(here, "test"))).map((name) => join("test", name));
  const tests = spawn(process.execPath, ["--test", "--test-reporter=spec", "--test-concurrency=2", ...files], { cwd: here, env, stdio: "inherit" });
  const [exit] = await once(tests, "exit");
  return exit ?? 1;
}
