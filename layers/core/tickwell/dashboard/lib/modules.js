// Pages are loaded when they are wanted. After a deployment the files of the old one are gone.

import { ApiError } from "./api.js";

/**
 * What `load` imports. Where this release's files are no more, the page is read anew with those of the next. Throws
 * ApiError when the server cannot be reached.
 */
export async function loaded(load) {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const answer = await fetch(import.meta.url, { method: "HEAD", cache: "no-store" }).catch(() => null);
    if (answer === null) throw new ApiError({});
    if (answer.status !== 404) throw error;
    location.reload();
    return new Promise(() => {});
  }
}
