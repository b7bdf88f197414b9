import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import type { DeviceMessage } from '../../runtime/contracts/deviceMessage';

/** A sample message and where it stands. */
export interface SampleMessage {
  readonly line: number;
  readonly message: DeviceMessage;
}

export interface SampleProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** Id of a message's device where neither the message nor an option names it. */
export const madeUpDeviceId = 'made-up-device';

/**
 * Reads sample messages: a JSON array, one message a line (NDJSON), or one message. A message is an envelope (`Body`,
 * `Properties`, `SystemProperties`, as the expressions see it) or a bare body. Bodies keep their text: 78.0 stays 78.0.
 */
export function readMessages(
  text: string,
  deviceId: string | undefined,
): { readonly messages: readonly SampleMessage[]; readonly problems: readonly SampleProblem[] } {
  const whole = parse(text);
  if (whole.tree !== undefined) {
    const nodes = whole.tree.type === 'array' ? (whole.tree.children ?? []) : [whole.tree];
    const messages = nodes.map((node) => ({
      line: lineAt(text, node.offset),
      message: messageOf(text, node, deviceId),
    }));
    return { messages, problems: [] };
  }
  const lines = text.split('\n');
  const [first] = lines.filter((line) => line.trim() !== '');
  if (first === undefined) return { messages: [], problems: [{ line: 1, column: 1, message: 'There is no message.' }] };
  if (parse(first).tree === undefined) return { messages: [], problems: [problemAt(text, whole.errors, 0)] };
  const messages: SampleMessage[] = [];
  const problems: SampleProblem[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const { tree, errors } = parse(line);
    if (tree === undefined) problems.push(problemAt(line, errors, index));
    else messages.push({ line: index + 1, message: messageOf(line, tree, deviceId) });
  }
  return { messages, problems };
}

function parse(text: string): { readonly tree: Node | undefined; readonly errors: readonly ParseError[] } {
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { disallowComments: true });
  return { tree: errors.length === 0 ? tree : undefined, errors };
}

function problemAt(text: string, errors: readonly ParseError[], linesBefore: number): SampleProblem {
  const [{ error, offset }] = errors as [ParseError];
  return {
    line: linesBefore + lineAt(text, offset),
    column: offset - text.lastIndexOf('\n', offset - 1),
    message: `The messages are not valid JSON: ${printParseErrorCode(error)}.`,
  };
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

function messageOf(text: string, node: Node, deviceId: string | undefined): DeviceMessage {
  const members = new Map(
    (node.type === 'object' ? (node.children ?? []) : []).map(({ children }) => [
      String(children?.[0]?.value),
      children?.[1],
    ]),
  );
  const body = members.get('Body');
  const value = (name: string) => {
    const member = members.get(name);
    return member?.type === 'object' ? (JSON.parse(slice(text, member)) as Record<string, unknown>) : {};
  };
  const known = body === undefined ? {} : value('SystemProperties');
  const systemProperties = { 'iothub-connection-device-id': deviceId ?? madeUpDeviceId, ...known };
  const enqueued = known['iothub-enqueuedtime'];
  return {
    body: slice(text, body ?? node),
    properties: body === undefined ? {} : value('Properties'),
    systemProperties,
    ...(typeof enqueued === 'string' ? { enqueuedTime: enqueued } : {}),
  };
}

function slice(text: string, node: Node): string {
  return text.slice(node.offset, node.offset + node.length);
}
