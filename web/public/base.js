/*
 * Points the document's `base` at the server's root, below whatever path prefix a proxy serves it under.
 *
 * The server tells how many segments of the address are its own. Proxies may decode `%2F`, merge slashes and resolve
 * dots before the server sees an address, the browser does not; segments are counted here as the server counts them,
 * so that both agree. Inlined into the document by the server, since nothing can be loaded before the base is right.
 */
{
  const own = Number(document.currentScript.dataset.segments);
  const segments = (path) => {
    const kept = [];
    // No more than what parts segments or drops them: the rest need not be text at all.
    for (const segment of path.replaceAll(/%2f/gi, '/').replaceAll(/%2e/gi, '.').split('/')) {
      if (segment === '..') kept.pop();
      else if (segment !== '' && segment !== '.') kept.push(segment);
    }
    return kept;
  };
  const root = (path) => {
    const all = segments(path);
    if (all.length < own) return undefined;
    const prefix = all.slice(0, all.length - own).join('/');
    for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
      if (segments(path.slice(0, at)).join('/') === prefix) return path.slice(0, at + 1);
    }
    return undefined;
  };
  const found = root(location.pathname);
  if (found) document.querySelector('base').href = location.origin + found;
}
