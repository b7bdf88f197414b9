/** ARM resource ids: taken apart, put together, compared. */

/** An id as the key under which it is compared: ARM ids are case-insensitive. */
export function idKey(id: string): string {
  return id.toLowerCase().replace(/\/+$/, '');
}

/**
 * The type of the resource behind an id, as in `Microsoft.EventHub/namespaces/eventhubs`; undefined for what is not an
 * ARM id. For extensions (a role assignment on a hub) it is the extension's type.
 */
export function armTypeOf(id: string): string | undefined {
  const segments = id.split('/').filter((s) => s !== '');
  if (!id.startsWith('/') || segments.length % 2 !== 0) return undefined;
  let provider = -1;
  for (let i = 0; i < segments.length; i += 2) if (segments[i]?.toLowerCase() === 'providers') provider = i;
  if (provider >= 0) {
    const types = segments.slice(provider + 2).filter((_, i) => i % 2 === 0);
    return [segments[provider + 1], ...types].join('/');
  }
  if (segments[2]?.toLowerCase() === 'resourcegroups') return 'Microsoft.Resources/resourceGroups';
  return segments[0]?.toLowerCase() === 'subscriptions' ? 'Microsoft.Resources/subscriptions' : undefined;
}

/** The id one level up (namespace of an event hub, scope of an extension, group of a namespace). */
export function parentId(id: string): string | undefined {
  const segments = id.split('/').filter((s) => s !== '');
  if (segments.length <= 2) return undefined;
  const above = segments.slice(0, -2);
  // `.../providers/Microsoft.X/type/name`: dropping type and name leaves the provider's own two segments.
  if (above.at(-2)?.toLowerCase() === 'providers') above.splice(-2);
  return above.length > 0 ? `/${above.join('/')}` : undefined;
}

export function nameOf(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1);
}

export function subscriptionOf(id: string): string | undefined {
  return /^\/subscriptions\/([^/]+)/i.exec(id)?.[1];
}

/** True when `id` is `ancestor` or lies below it. */
export function isAtOrBelow(id: string, ancestor: string): boolean {
  const [child, above] = [idKey(id), idKey(ancestor)];
  return child === above || child.startsWith(`${above}/`);
}

/** Names of the inputs in an id's template, in order: `{resourceGroupName}`, `{namespaceName}`. */
export function templateInputs(template: string): string[] {
  return [...template.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? '');
}

/** Fills a template; undefined when one of its inputs is not a known string. */
export function fillTemplate(template: string, inputs: Readonly<Record<string, unknown>>): string | undefined {
  let known = true;
  const id = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = inputs[name];
    if (typeof value !== 'string') known = false;
    return typeof value === 'string' ? value.replace(/\/+$/, '') : '';
  });
  if (!known) return undefined;
  return id.startsWith('/') ? id : `/${id}`;
}
