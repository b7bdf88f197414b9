/** A statement of SQL Server takes 2,100 parameters, and `VALUES` 1,000 rows. */
const mostParameters = 2000;
const mostRows = 1000;

/** The items in chunks whose statements are not too large. @param parameters of one item */
export function* chunks<T>(items: readonly T[], parameters: number): Generator<readonly T[]> {
  const size = Math.min(mostRows, Math.floor(mostParameters / parameters));
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

/** Thrown by a write whose condition did not hold: somebody else wrote the row meanwhile. */
export class Overtaken extends Error {}
