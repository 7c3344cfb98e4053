// The explorer's page: a key first, then GraphiQL.
import "./workers";
import "graphiql/style.css";
import "./page.css";
import { StrictMode, useCallback, useState } from "react";
import { createRoot } from "react-dom/client";
import { Explorer } from "./Explorer";
import { dropKey, keepKey, storedKey } from "./key";
import { Login } from "./Login";

function Page() {
  const [key, setKey] = useState<string | null>(storedKey);
  const enter = useCallback((entered: string) => {
    keepKey(entered);
    setKey(entered);
  }, []);
  const leave = useCallback(() => {
    dropKey();
    setKey(null);
  }, []);
  return key === null ? <Login onKey={enter} /> : <Explorer apiKey={key} onLeave={leave} />;
}

const root = document.getElementById("root");
if (root) createRoot(root).render(<StrictMode><Page /></StrictMode>);
