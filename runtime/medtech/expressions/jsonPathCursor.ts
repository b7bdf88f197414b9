/** What is wrong with a JSONPath and where. */
export class JsonPathSyntaxError extends Error {}

const escapes: Readonly<Record<string, string>> = {
  b: '\b',
  t: '\t',
  n: '\n',
  f: '\f',
  r: '\r',
  '\\': '\\',
  '"': '"',
  "'": "'",
  '/': '/',
};

/** A place in a JSONPath that moves on as it is read. */
export class JsonPathCursor {
  protected index = 0;

  constructor(protected readonly text: string) {}

  protected quoted(): string {
    let text = '';
    for (this.index++; !this.ended(); this.index++) {
      const character = this.peek();
      if (character === "'") {
        this.index++;
        return text;
      }
      if (character !== '\\') {
        text += character;
        continue;
      }
      this.index++;
      const escaped = escapes[this.peek()];
      if (escaped === undefined) throw this.error(`Unknown escape character: \\${this.peek()}`);
      text += escaped;
    }
    throw this.error('Path ended with an open string');
  }

  protected skipBlanks(): void {
    while (this.peek() === ' ') this.index++;
  }

  protected ended(): boolean {
    return this.index >= this.text.length;
  }

  protected peek(): string {
    return this.text[this.index] ?? '';
  }

  protected unexpected(where: string): JsonPathSyntaxError {
    return this.error(`Unexpected character ${where}: ${this.peek()}`);
  }

  protected openIndexer(): JsonPathSyntaxError {
    return this.error('Path ended with open indexer');
  }

  protected openQuery(): JsonPathSyntaxError {
    return this.error('Path ended with open query');
  }

  protected error(message: string): JsonPathSyntaxError {
    return new JsonPathSyntaxError(`${message} (character ${this.index + 1} of '${this.text}').`);
  }
}
