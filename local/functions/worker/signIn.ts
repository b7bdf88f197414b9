/** Where Microsoft Entra signs in, by cloud. */
const signInHosts: readonly string[] = [
  'login.microsoftonline.com',
  'login.microsoftonline.us',
  'login.chinacloudapi.cn',
];

/**
 * From now on, what the app fetches from Microsoft Entra's sign-in hosts comes from the local authority, which is the
 * tenant here. Tokens and settings name these hosts as they do in Azure, so that an app which checks tokens has the
 * settings that it has there; no certificate of ours could stand for these names, and no name service is there to lead
 * elsewhere.
 * @param url address of the local authority
 */
export function leadSignInTo(url: string): void {
  const fetchAsIs = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const asked = input instanceof Request ? input.url : String(input);
    const { host, protocol, pathname, search } = URL.canParse(asked) ? new URL(asked) : new URL('https://none.invalid');
    if (protocol !== 'https:' || !signInHosts.includes(host)) return fetchAsIs(input, init);
    const address = new URL(`${pathname}${search}`, url);
    return fetchAsIs(input instanceof Request ? new Request(address, input) : address, init);
  };
}
