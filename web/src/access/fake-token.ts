/** Tokens for tests, with a signature that is none. Never part of the built page. */

/** @param payload claims, or a text in their place */
export function fakeToken(payload: unknown): string {
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  const encoded = btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  return `e30.${encoded}.c2ln`;
}
