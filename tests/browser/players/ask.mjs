// HTTP requests that a closed connection does not spoil.

/**
 * Asks once more when the connection broke: one that was kept may be closed by the server in the very moment it is
 * used again. Everything asked for here may be asked for twice.
 */
export async function ask(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    return fetch(url, options);
  }
}
