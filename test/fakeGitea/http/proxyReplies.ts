import type { Reply } from './reply.ts';

/** Answers that come from a proxy in front of Gitea, word for word as nginx 1.22 writes them. */
export function nginxReply(status: number, title: string, headers: Record<string, string> = {}): Reply {
  const body = ['<html>', `<head><title>${status} ${title}</title></head>`, '<body>'];
  body.push(`<center><h1>${status} ${title}</h1></center>`, '<hr><center>nginx</center>', '</body>', '</html>', '');
  return {
    status,
    headers: { Server: 'nginx', 'Content-Type': 'text/html', ...headers },
    body: body.join('\r\n'),
  };
}

export const bodyTooLarge = (): Reply => nginxReply(413, 'Request Entity Too Large', { Connection: 'close' });

export const badGateway = (): Reply => nginxReply(502, 'Bad Gateway');

export const gatewayTimeout = (): Reply => nginxReply(504, 'Gateway Time-out');

export const tooManyRequests = (retryAfterSeconds: number): Reply =>
  nginxReply(429, 'Too Many Requests', { 'Retry-After': String(retryAfterSeconds) });
