// GraphiQL on one of the two doors.
import type { Fetcher } from "@graphiql/toolkit";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import { useMemo, useState } from "react";
import { ask, type Door, ENDPOINTS, refused } from "./endpoint";
import { keptApart } from "./storage";
import { WELCOME } from "./welcome";

interface Props {
  apiKey: string;
  onLeave: () => void;
}

export function Explorer({ apiKey, onLeave }: Props) {
  const [door, setDoor] = useState<Door>("records");
  const storage = useMemo(() => keptApart(door), [door]);
  const fetcher = useMemo<Fetcher>(
    () => async (question, options) => {
      const answer = await ask(door, apiKey, question, options?.headers as Record<string, string> | undefined);
      if (refused(answer)) onLeave();
      return answer as never;
    },
    [door, apiKey, onLeave],
  );

  return (
    <GraphiQL
      key={door}
      fetcher={fetcher}
      storage={storage}
      defaultQuery={WELCOME[door]}
      plugins={[HISTORY_PLUGIN]}
      shouldPersistHeaders={false}
      defaultEditorToolsVisibility="variables"
    >
      <GraphiQL.Logo>
        <div className="doors">
          <label>
            <span>Armature</span>
            <select value={door} aria-label="Endpoint" onChange={(event) => setDoor(event.target.value as Door)}>
              {Object.entries(ENDPOINTS).map(([name, path]) => (
                <option key={name} value={name}>{path}</option>
              ))}
            </select>
          </label>
          <button type="button" onClick={onLeave}>Forget key</button>
        </div>
      </GraphiQL.Logo>
    </GraphiQL>
  );
}
