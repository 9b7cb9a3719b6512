/**
 * The published vectors, for tests. Found by a pattern, so that the page is built where only its own folder is.
 * Never part of the built page.
 */

const FOLDER = '../../../schema/vectors/';
const files = import.meta.glob<{ default: unknown }>('../../../schema/vectors/*.json', { eager: true });

/** @param name of a file in the folder of vectors */
export function vectors<T>(name: string): T {
  const file = files[FOLDER + name];
  if (!file) throw new Error(`there is no ${name} in ${FOLDER}`);
  return file.default as T;
}
