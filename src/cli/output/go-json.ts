/** JSON as Go's encoding/json writes it: `<`, `>`, `&` and the two line separators of JavaScript are escaped. */
export function goJson(value: unknown, indent?: number): string {
  return escapeHtml(JSON.stringify(value ?? null, undefined, indent) ?? 'null');
}

function escapeHtml(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
