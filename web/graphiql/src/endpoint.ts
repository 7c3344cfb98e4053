// The two doors of the server, and the way to knock at them.
export const ENDPOINTS = { records: "/graphql", metadata: "/metadata" } as const;
export type Door = keyof typeof ENDPOINTS;

export interface Answer {
  data?: unknown;
  errors?: { message: string; extensions?: { code?: string } }[];
}

export interface Question {
  query: string;
  variables?: unknown;
  operationName?: string | null;
}

export async function ask(door: Door, key: string, question: Question, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(ENDPOINTS[door], {
    method: "POST",
    headers: {
      ...headers,
      "content-type": "application/json",
      accept: "application/graphql-response+json, application/json",
      authorization: `Bearer ${key}`,
    },
    body: JSON.stringify(question),
  });
  const text = await response.text();
  try {
    return JSON.parse(text) as Answer;
  } catch {
    return { errors: [{ message: `The server answered ${response.status} with something that is not JSON` }] };
  }
}

export function refused(answer: Answer): boolean {
  return answer.errors?.some((error) => error.extensions?.code === "UNAUTHENTICATED") ?? false;
}
