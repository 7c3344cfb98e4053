// The API key: taken from the address' fragment (`#key=…`, which no server ever sees) or typed in; kept for this tab only.
const SLOT = "armature:key";

export function storedKey(): string | null {
  const fromAddress = new URLSearchParams(location.hash.slice(1)).get("key");
  if (fromAddress) {
    keepKey(fromAddress);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return sessionStorage.getItem(SLOT);
}

export function keepKey(key: string): void {
  sessionStorage.setItem(SLOT, key);
}

export function dropKey(): void {
  sessionStorage.removeItem(SLOT);
}
