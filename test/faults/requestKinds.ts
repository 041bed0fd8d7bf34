/** The requests that a push sends to a registry, in the order in which they come. */
export const requestKinds = [
  'token',
  'HEAD blob',
  'POST mount',
  'POST session',
  'PATCH',
  'PUT blob',
  'POST blob',
  'PUT manifest',
  'HEAD tag',
  'DELETE session',
  'GET',
] as const;

export type RequestKind = (typeof requestKinds)[number];

/** Undefined for other requests, such as those of the REST API. */
export function requestKindOf(method: string, target: string): RequestKind | undefined {
  const [path = '', query = ''] = target.split('?');
  const isUpload = path.includes('/blobs/uploads/');
  if (path === '/v2/token') return 'token';
  if (path === '/v2/' || !path.startsWith('/v2/')) return undefined;
  switch (method) {
    case 'HEAD':
      return path.includes('/manifests/') ? 'HEAD tag' : 'HEAD blob';
    case 'POST':
      if (query.includes('mount=')) return 'POST mount';
      return query.includes('digest=') ? 'POST blob' : 'POST session';
    case 'PATCH':
      return 'PATCH';
    case 'PUT':
      return isUpload ? 'PUT blob' : 'PUT manifest';
    case 'DELETE':
      return 'DELETE session';
    default:
      return 'GET';
  }
}
