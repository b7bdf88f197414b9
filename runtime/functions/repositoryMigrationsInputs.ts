import { type RepositoryUser, repositoryRoles } from '../contracts/appSettings';

/** Names of managed identities: letters, digits, `-` and `_`, 3 to 128 of them. */
const identityName = /^[A-Za-z0-9][A-Za-z0-9_-]{2,127}$/;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Reads the app setting REPOSITORY_USERS: a JSON array of `RepositoryUser`. A name may stand for one client id, and a client id for one
 * name; an identity may have several roles.
 *
 * @throws Error with all problems
 */
export function readRepositoryUsers(text: string): readonly RepositoryUser[] {
  const users = parseList(text);
  const problems = users.flatMap((user, index) => problemsOf(user, index));
  if (problems.length === 0) problems.push(...clashes(users as readonly RepositoryUser[]));
  if (problems.length > 0) throw new Error(`The app setting REPOSITORY_USERS cannot be used: ${problems.join('; ')}.`);
  return users as readonly RepositoryUser[];
}

function problemsOf(user: unknown, index: number): string[] {
  const { name, clientId, role } = (user ?? {}) as Partial<Record<keyof RepositoryUser, unknown>>;
  const of = `of entry ${index + 1}`;
  const problems: string[] = [];
  if (typeof name !== 'string' || !identityName.test(name))
    problems.push(`the name ${of} is no name of a managed identity`);
  if (typeof clientId !== 'string' || !uuid.test(clientId)) problems.push(`the clientId ${of} is no UUID`);
  if (!repositoryRoles.some((one) => one === role))
    problems.push(`the role ${of} is none of ${repositoryRoles.join(', ')}`);
  return problems;
}

function clashes(users: readonly RepositoryUser[]): string[] {
  const problems: string[] = [];
  for (const [index, { name, clientId }] of users.entries()) {
    const isClash = users
      .slice(0, index)
      .some((other) => (other.name === name) !== (other.clientId.toLowerCase() === clientId.toLowerCase()));
    if (isClash) problems.push(`entry ${index + 1} has the name or the clientId of another identity`);
  }
  return problems;
}

function parseList(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return value;
  } catch {}
  throw new Error('The app setting REPOSITORY_USERS is not a JSON array.');
}
