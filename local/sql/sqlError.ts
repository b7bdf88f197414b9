/** What SQL Server answers with: its number, class (severity), state and sentence (`sys.messages`). */
export class SqlError extends Error {
  constructor(
    readonly number: number,
    message: string,
    readonly severity = 16,
    readonly state = 1,
  ) {
    super(message);
    this.name = 'SqlError';
  }
}

/** Number of what the local cloud cannot do, although SQL Server can: no number of SQL Server's own. */
export const notHere = 50_999;

/** Refuses a construct by its name, rather than doing something near it. */
export function refused(construct: string, instead?: string): SqlError {
  const hint = instead === undefined ? '' : ` Use ${instead}.`;
  return new SqlError(notHere, `The local cloud's SQL does not do ${construct}.${hint}`);
}

export const errors = {
  syntax: (near: string) => new SqlError(102, `Incorrect syntax near '${near}'.`, 15),
  noObject: (name: string) => new SqlError(208, `Invalid object name '${name}'.`),
  noColumn: (name: string) => new SqlError(207, `Invalid column name '${name}'.`),
  noVariable: (name: string) => new SqlError(137, `Must declare the scalar variable "${name}".`, 15, 2),
  denied: (permission: string, object: string, database: string, schema: string) =>
    new SqlError(
      229,
      `The ${permission} permission was denied on the object '${object}', database '${database}', schema '${schema}'.`,
      14,
      5,
    ),
  loginFailed: () => new SqlError(18_456, "Login failed for user '<token-identified principal>'.", 14),
  noDatabase: (name: string) =>
    new SqlError(4060, `Cannot open database "${name}" requested by the login. The login failed.`, 11),
  unavailable: (database: string, server: string) =>
    new SqlError(
      40_613,
      `Database '${database}' on server '${server}' is not currently available. Please retry the connection later. If the problem persists, contact customer support, and provide them the session tracing ID of '{00000000-0000-0000-0000-000000000000}'.`,
      17,
    ),
  canceled: () => new SqlError(3617, 'The query was canceled.', 11),
};
