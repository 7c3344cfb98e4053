// Runs the audit suite of the npm package graphql-http against a server: node run.mjs URL KEY. Prints one JSON value: the counts, and
// what was found. Exits 1 when there is a finding at MUST or SHOULD; at MAY it only tells.
import { auditServer } from "graphql-http";

const [url, key] = process.argv.slice(2);
const results = await auditServer({
  url,
  fetchFn: (address, init = {}) => fetch(address, { ...init, headers: { ...init.headers, authorization: `Bearer ${key}` } }),
});
const findings = [];
for (const result of results.filter((result) => result.status !== "ok")) {
  const answer = result.response && `${result.response.status} ${await result.response.clone().text()}`;
  findings.push({ id: result.id, name: result.name, status: result.status, reason: String(result.reason), answer });
}
const serious = findings.filter((finding) => /^(MUST|SHOULD)/.test(finding.name));
console.log(JSON.stringify({ audits: results.length, serious: serious.length, findings }, null, 2));
process.exit(serious.length > 0 ? 1 : 0);
