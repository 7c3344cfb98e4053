// Asks for an API key, and tries it before it lets anybody in.
import { type SyntheticEvent, useState } from "react";
import { ask, refused } from "./endpoint";

export function Login({ onKey }: { onKey: (key: string) => void }) {
  const [key, setKey] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function submit(event: SyntheticEvent) {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      const answer = await ask("records", key.trim(), { query: "{ __typename }" });
      if (refused(answer)) setProblem("The server does not know this key.");
      else if (answer.errors) setProblem(answer.errors[0]?.message ?? "The server refused the request.");
      else onKey(key.trim());
    } catch {
      setProblem("The server cannot be reached.");
    } finally {
      setBusy(false);
    }
  }

  return (
    <main className="login">
      <form onSubmit={submit}>
        <img src={`${import.meta.env.BASE_URL}icon.svg`} alt="" width="40" height="40" />
        <h1>Armature</h1>
        <label htmlFor="key">API key</label>
        <input
          id="key"
          type="password"
          autoComplete="off"
          autoFocus
          required
          value={key}
          aria-describedby="key-help"
          aria-invalid={problem !== null}
          onChange={(event) => setKey(event.target.value)}
        />
        <p role="alert" className="problem">{problem}</p>
        <button type="submit" disabled={busy || key.trim() === ""}>{busy ? "Trying the key…" : "Open the explorer"}</button>
        <p id="key-help" className="help">
          <code>armature demo</code> prints one; <code>armature key create --tenant T</code> makes one. It is kept for this tab only.
        </p>
      </form>
    </main>
  );
}
