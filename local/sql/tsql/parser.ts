import { errors, refused, SqlError } from '../sqlError';
import type { SqlType, TypeName } from '../sqlType';
import { type Token, tokensOf } from './lexer';
import type { Name } from './syntax';

/** Words that end an expression or an alias rather than be one. */
const reserved = new Set(
  `ADD ALL ALTER AND AS ASC BEGIN BETWEEN BY CASE CHECK CLOSE CLUSTERED COLLATE COLUMN COMMIT CONSTRAINT CREATE CROSS DECLARE
DEFAULT DELETE DENY DESC DISTINCT DROP ELSE END ESCAPE EXCEPT EXEC EXECUTE EXISTS FETCH FOR FOREIGN FROM FULL GRANT GROUP HAVING
IF IN INDEX INNER INSERT INTERSECT INTO IS JOIN KEY LEFT LIKE MERGE NONCLUSTERED NOT NULL OF OFF ON OPTION OR ORDER OUTER
OVER PRIMARY PRINT PROC PROCEDURE PUBLIC RAISERROR REFERENCES RETURN REVOKE RIGHT ROLLBACK SAVE SCHEMA SELECT SET TABLE THEN
TO TOP TRAN TRANSACTION TRUNCATE UNION UNIQUE UPDATE USE USER VALUES VIEW WHEN WHERE WHILE WITH`.split(/\s+/),
);

const typeNames: Readonly<Record<string, TypeName>> = {
  BIT: 'bit',
  TINYINT: 'tinyint',
  SMALLINT: 'smallint',
  INT: 'int',
  INTEGER: 'int',
  BIGINT: 'bigint',
  DECIMAL: 'decimal',
  NUMERIC: 'decimal',
  REAL: 'real',
  FLOAT: 'float',
  CHAR: 'char',
  VARCHAR: 'varchar',
  NCHAR: 'nchar',
  NVARCHAR: 'nvarchar',
  SYSNAME: 'nvarchar',
  BINARY: 'binary',
  VARBINARY: 'varbinary',
  UNIQUEIDENTIFIER: 'uniqueidentifier',
  DATE: 'date',
  DATETIME: 'datetime',
  DATETIME2: 'datetime2',
};

/** Goes through the words of a batch. What the grammar is made of builds on it. */
export class Cursor {
  private readonly tokens: readonly Token[];
  private index = 0;

  constructor(readonly sql: string) {
    this.tokens = tokensOf(sql);
  }

  get token(): Token {
    return this.tokens[this.index] as Token;
  }

  ahead(by = 1): Token {
    return (this.tokens[this.index + by] ?? this.tokens.at(-1)) as Token;
  }

  get isAtEnd(): boolean {
    return this.token.kind === 'end';
  }

  next(): Token {
    const { token } = this;
    if (this.index < this.tokens.length - 1) this.index++;
    return token;
  }

  /** Whether these keywords or signs come next. */
  is(...words: readonly string[]): boolean {
    return words.every((word, i) => {
      const token = this.ahead(i);
      return (token.kind === 'word' || token.kind === 'sign') && token.upper === word;
    });
  }

  /** Goes past these keywords or signs when they come next. */
  skip(...words: readonly string[]): boolean {
    if (!this.is(...words)) return false;
    this.index += words.length;
    return true;
  }

  expect(...words: readonly string[]): void {
    for (const word of words) if (!this.skip(word)) throw this.unexpected();
  }

  unexpected(): SqlError {
    const { token } = this;
    if (token.kind === 'end') {
      return new SqlError(102, 'Incorrect syntax: the statement ends where something has to follow.', 15);
    }
    return errors.syntax(token.text);
  }

  isName(): boolean {
    const { kind, upper } = this.token;
    return kind === 'quoted' || (kind === 'word' && !reserved.has(upper));
  }

  /** One part of a name. */
  identifier(): string {
    if (!this.isName()) throw this.unexpected();
    return this.next().text;
  }

  /** A name of one to three parts. */
  name(): Name {
    const parts = [this.identifier()];
    while (this.skip('.')) parts.push(this.token.kind === 'word' ? this.next().text : this.identifier());
    return parts;
  }

  names(): string[] {
    this.expect('(');
    const names = this.list(() => this.identifier());
    this.expect(')');
    return names;
  }

  list<T>(one: () => T): T[] {
    const all = [one()];
    while (this.skip(',')) all.push(one());
    return all;
  }

  variable(): string {
    if (this.token.kind !== 'variable') throw this.unexpected();
    return this.next().text.toLowerCase();
  }

  text(): string {
    if (this.token.kind !== 'text') throw this.unexpected();
    return this.next().text;
  }

  wholeNumber(): number {
    const { kind, text } = this.token;
    if (kind !== 'number' || !/^\d+$/.test(text)) throw this.unexpected();
    this.next();
    return Number(text);
  }

  /** The source text of what `parse` goes over. */
  sourceOf(parse: () => void): string {
    const from = this.token.at;
    parse();
    return this.sql.slice(from, this.tokens[this.index - 1]?.to ?? from);
  }

  /** Tries a reading, and comes back when it does not hold. */
  attempt<T>(parse: () => T): T | undefined {
    const from = this.index;
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      this.index = from;
      return undefined;
    }
  }

  type(): SqlType {
    const token = this.next();
    const word = token.text.toUpperCase();
    const name = token.kind === 'word' || token.kind === 'quoted' ? typeNames[word] : undefined;
    if (!name) {
      if (token.kind === 'word' && /^[A-Z]/.test(word)) throw refused(`the data type ${token.text}`);
      throw errors.syntax(token.text);
    }
    if (word === 'SYSNAME') return { name, length: 128 };
    return this.sized(name);
  }

  private sized(name: TypeName): SqlType {
    switch (name) {
      case 'decimal': {
        const [precision = 18, scale = 0] = this.sizes();
        if (precision > 15) throw refused(`decimals of more than 15 digits (${precision})`, 'decimal(15, ...) or less');
        return { name, precision, scale };
      }
      case 'datetime2':
        return { name, scale: this.sizes()[0] ?? 7 };
      case 'float': {
        const [bits = 53] = this.sizes();
        return { name: bits <= 24 ? 'real' : 'float' };
      }
      case 'char':
      case 'varchar':
      case 'nchar':
      case 'nvarchar':
      case 'binary':
      case 'varbinary':
        return { name, length: this.skip('(', 'MAX', ')') ? 'max' : (this.sizes()[0] ?? 1) };
      default:
        return { name };
    }
  }

  private sizes(): number[] {
    if (!this.skip('(')) return [];
    const sizes = this.list(() => this.wholeNumber());
    this.expect(')');
    return sizes;
  }
}
