/**
 * The app setting MODEL, as JSON: a model beside NEWS2 that is not bundled in. Secrets are never in it; `setting` names the
 * app setting that holds one, filled by a Key Vault reference.
 */
export type ModelSettings = EndpointSettings | OnnxSettings;

export interface EndpointSettings {
  readonly kind: 'endpoint';
  readonly name: string;
  readonly version: string;
  /** HTTPS. Is sent POST requests. */
  readonly url: string;
  /** Of an endpoint of Azure Machine Learning: the deployment that is asked, past the shares of traffic. */
  readonly deployment?: string;
  readonly auth: EndpointAuth;
  /** How long a request may take, when nobody waits for it; default 30. */
  readonly timeoutSeconds: number;
  /**
   * How long a window that closes waits for the model before its result goes out without; default 1, 0: not at all. Never more
   * than `timeoutSeconds`.
   */
  readonly answerSeconds: number;
  /** Windows in one request; default 100. */
  readonly batchSize: number;
  readonly format: EndpointFormat;
}

/**
 * How windows are written and answers read. None of them says whose window it is.
 * - `features` (default): `{"windows": [{"heartRate.median": 80, ...}]}`, and `{"predictions": [{"risk": 0.1}]}` back.
 * - `dataframe`: as MLflow models are served by Azure Machine Learning: `{"input_data": {"columns", "index", "data"}}`, and an
 *   array back, of numbers (named `score`), or of objects with named numbers.
 */
export type EndpointFormat = 'features' | 'dataframe';

export type EndpointAuth = EntraAuth | ApiKeyAuth | MutualTlsAuth;

/** A token of the user-assigned identity `clientId` for `audience`, as `https://ml.azure.com`. */
export interface EntraAuth {
  readonly kind: 'entra';
  readonly audience: string;
  readonly clientId: string;
}

export interface ApiKeyAuth {
  readonly kind: 'apiKey';
  /** App setting that holds the key. */
  readonly setting: string;
  /** Header that carries it; in `Authorization` it comes after `Bearer `. */
  readonly header: string;
}

export interface MutualTlsAuth {
  readonly kind: 'mtls';
  /** App setting that holds certificate chain and private key: PEM, or PFX without a password in base64. */
  readonly certificateSetting: string;
}

/** An ONNX file in the package: one input of float32 [windows, features], in the order of `featureNames`. */
export interface OnnxSettings {
  readonly kind: 'onnx';
  readonly name: string;
  readonly version: string;
  /** Path in the package, relative to its root. */
  readonly file: string;
}

const defaults = { timeoutSeconds: 30, answerSeconds: 1, batchSize: 100, format: 'features' } as const;

/**
 * Reads the app setting MODEL; empty: none.
 * @throws Error with all problems at once, a sentence each
 */
export function readModelSettings(text: string): ModelSettings | undefined {
  if (text.trim() === '') return undefined;
  const given = parse(text);
  const problems: string[] = [];
  const need = (holds: boolean, name: string, allowed: string) => {
    if (!holds) problems.push(`The app setting MODEL has a wrong ${name}; it must be ${allowed}.`);
  };
  need(isText(given.name), 'name', 'a text');
  need(isText(given.version), 'version', 'a text');
  if (given.kind === 'onnx') need(isText(given.file), 'file', 'a path in the package');
  else if (given.kind === 'endpoint') checkEndpoint({ ...defaults, ...given }, need);
  else need(false, 'kind', '"endpoint" or "onnx"');
  if (problems.length > 0) throw new Error(problems.join(' '));
  return (given.kind === 'onnx' ? given : { ...defaults, ...given }) as unknown as ModelSettings;
}

type Given = Readonly<Record<string, unknown>>;
type Need = (holds: boolean, name: string, allowed: string) => void;

function checkEndpoint(given: Given, need: Need): void {
  const { url, auth, timeoutSeconds, answerSeconds, batchSize, format, deployment } = given;
  need(isText(url) && url.startsWith('https://') && URL.canParse(url), 'url', 'an HTTPS address');
  need(
    isNumber(timeoutSeconds) && timeoutSeconds > 0 && timeoutSeconds <= 600,
    'timeoutSeconds',
    'more than 0, at most 600',
  );
  const most = Math.min(Number(timeoutSeconds), 60);
  need(
    isNumber(answerSeconds) && answerSeconds >= 0 && answerSeconds <= most,
    'answerSeconds',
    '0 to 60, at most timeoutSeconds',
  );
  need(Number.isInteger(batchSize) && Number(batchSize) >= 1 && Number(batchSize) <= 10_000, 'batchSize', '1 to 10000');
  need(format === 'features' || format === 'dataframe', 'format', '"features" or "dataframe"');
  need(deployment === undefined || isText(deployment), 'deployment', 'the name of a deployment');
  checkAuth(auth, need);
}

function checkAuth(auth: unknown, need: Need): void {
  const given: Given = typeof auth === 'object' && auth !== null ? (auth as Given) : {};
  if (given.kind === 'entra') {
    need(isText(given.audience), 'auth.audience', 'the audience of tokens');
    need(isText(given.clientId), 'auth.clientId', 'the client id of a user-assigned identity');
  } else if (given.kind === 'apiKey') {
    need(isText(given.setting), 'auth.setting', 'the name of an app setting');
    need(isText(given.header) && /^[\w-]+$/.test(given.header), 'auth.header', 'the name of a header');
  } else if (given.kind === 'mtls') {
    need(isText(given.certificateSetting), 'auth.certificateSetting', 'the name of an app setting');
  } else need(false, 'auth.kind', '"entra", "apiKey" or "mtls": an endpoint that anybody may call is not called');
}

function parse(text: string): Given {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Given;
  } catch {}
  throw new Error('The app setting MODEL is not a JSON object.');
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
