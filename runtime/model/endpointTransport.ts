import { Agent, request } from 'node:https';
import { ManagedIdentityCredential } from '@azure/identity';
import type { EndpointAuth, EndpointSettings } from './modelSettings';

/** Posts JSON and gives what comes back, parsed. Rejects for every status but 2xx, and after `timeoutMs`. */
export type Post = (body: string, timeoutMs: number) => Promise<unknown>;

type Headers = () => Promise<Readonly<Record<string, string>>>;

/** @param environment the app's settings, in which secrets are */
export function endpointPost({ url, auth, deployment }: EndpointSettings, environment: NodeJS.ProcessEnv): Post {
  const headers = headersFor(auth, environment);
  const toDeployment: Record<string, string> =
    deployment === undefined ? {} : { 'azureml-model-deployment': deployment };
  const agent = new Agent({ keepAlive: true, maxSockets: 8, ...certificateFor(auth, environment) });
  return async (body, timeoutMs) => {
    const signal = AbortSignal.timeout(timeoutMs);
    return post(url, agent, { ...(await within(signal, headers())), ...toDeployment }, body, signal);
  };
}

function headersFor(auth: EndpointAuth, environment: NodeJS.ProcessEnv): Headers {
  if (auth.kind === 'mtls') return async () => ({});
  if (auth.kind === 'apiKey') {
    const key = secret(auth.setting, environment);
    const value = auth.header.toLowerCase() === 'authorization' ? `Bearer ${key}` : key;
    return async () => ({ [auth.header]: value });
  }
  const credential = new ManagedIdentityCredential({ clientId: auth.clientId });
  const scope = auth.audience.endsWith('/.default') ? auth.audience : `${auth.audience.replace(/\/$/, '')}/.default`;
  return async () => ({ Authorization: `Bearer ${(await credential.getToken(scope)).token}` });
}

function certificateFor(auth: EndpointAuth, environment: NodeJS.ProcessEnv) {
  if (auth.kind !== 'mtls') return {};
  const text = secret(auth.certificateSetting, environment);
  return text.includes('-----BEGIN') ? { cert: text, key: text } : { pfx: Buffer.from(text, 'base64') };
}

function secret(setting: string, environment: NodeJS.ProcessEnv): string {
  const value = environment[setting] ?? '';
  // A reference that Key Vault does not resolve is left as it is.
  if (value === '' || value.startsWith('@Microsoft.KeyVault')) {
    throw new Error(`The app setting ${setting}, which MODEL names, has no value.`);
  }
  return value;
}

function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return Promise.race([
    work,
    new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true })),
  ]);
}

function post(
  url: string,
  agent: Agent,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Promise<unknown> {
  const all = { 'Content-Type': 'application/json', Accept: 'application/json', ...headers };
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => reject(signal.aborted ? signal.reason : error);
    const sent = request(url, { method: 'POST', agent, headers: all, signal }, (response) => {
      const { statusCode = 0, headers: answered } = response;
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', fail);
      response.on('end', () => {
        try {
          if (statusCode >= 200 && statusCode < 300) resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')));
          else
            reject(Object.assign(new Error('The endpoint refuses.'), { statusCode, response: { headers: answered } }));
        } catch {
          reject(new Error('The endpoint did not answer with JSON.'));
        }
      });
    });
    sent.on('error', fail);
    sent.end(body);
  });
}
