// GraphiQL in a real browser: enter with a key, run a query, read the answer. Usage: node graphiql.mjs URL KEY SCREENSHOT
// No request may leave the server under test: the page has to work without a network.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [url, key, screenshot] = process.argv.slice(2);
const profile = mkdtempSync(join(tmpdir(), "armature-browser-"));
const quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
if (process.getuid?.() === 0) quiet.push("--no-sandbox");
const context = await chromium.launchPersistentContext(profile, { executablePath: "/usr/bin/chromium", headless: true, args: quiet });
const problems = [];
try {
  const page = await context.newPage();
  page.on("request", (request) => {
    const target = request.url();
    if (!target.startsWith(url) && !/^(data|blob):/.test(target)) problems.push(`asks elsewhere: ${target}`);
  });
  page.on("pageerror", (error) => problems.push(`script error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(`console: ${message.text()}`);
  });

  await page.goto(`${url}/graphiql`);
  await page.getByLabel("API key").fill("arm_wrong");
  await page.getByRole("button", { name: "Open the explorer" }).click();
  await page.getByRole("alert").filter({ hasText: "does not know this key" }).waitFor();
  problems.length = 0; // the browser reports the refused request itself

  await page.getByLabel("API key").fill(key);
  await page.getByRole("button", { name: "Open the explorer" }).click();
  await page.locator(".graphiql-query-editor .view-lines").waitFor();
  // What a newcomer does: press the button, and choose one of the two queries that are there.
  await page.getByRole("button", { name: /execute query/i }).click();
  await page.getByRole("menuitem", { name: "BiggestOpenOpportunities" }).click();
  await page.locator(".result-window").filter({ hasText: '"totalCount"' }).waitFor();
  if (screenshot) await page.screenshot({ path: screenshot });

  const another = await context.newPage(); // as the link that the demo prints
  await another.goto(`${url}/graphiql#key=${key}`);
  await another.locator(".graphiql-query-editor").waitFor();
  if (another.url().includes(key)) problems.push("the key stays in the address");
} finally {
  await context.close();
  rmSync(profile, { recursive: true, force: true });
}
if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exit(1);
}
console.log("graphiql: entered with a key, ran a query, asked nobody else");
