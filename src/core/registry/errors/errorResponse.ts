import * as l10n from '@vscode/l10n';
import * as v from 'valibot';
import { listOf, parseJson } from '../../base/json.ts';
import { parseChallenges, type Challenge } from '../auth/challenge.ts';
import { header, type RegistryRequest, type RegistryResponse } from '../http/httpTypes.ts';
import { retryAfter } from '../http/retryAfter.ts';

/** Bytes of an error's body that are read. */
const mostBodyBytes = 64 * 1024;
/** Errors of one response that are read, and characters of each of their codes. */
const mostErrors = 20;
const longestCode = 100;

/** Distribution spec, §Error Codes. */
const errorBody = v.object({
  errors: listOf(v.object({ code: v.fallback(v.string(), ''), message: v.fallback(v.string(), '') })),
});
/** Gitea's REST API says `{"message": …, "url": …}`. */
const restError = v.object({ message: v.string() });

/** An error response as data. `explainErrorResponse` makes a sentence of it. */
export interface ErrorResponse {
  readonly status: number;
  readonly method: RegistryRequest['method'];
  /** Without the query. */
  readonly path: string;
  readonly host: string;
  /** Codes and messages of `{"errors":[{code,message,detail}]}` (distribution spec); empty for every other body. */
  readonly codes: readonly string[];
  readonly messages: readonly string[];
  /** `text/plain`, lower case, without parameters; empty if the response has none. */
  readonly contentType: string;
  readonly bodyText: string;
  /** The Server header: it may name a proxy that answered instead of the registry. */
  readonly server: string | undefined;
  readonly challenges: readonly Challenge[];
  /** Milliseconds that the response asks to wait, if it does. */
  readonly retryAfter: number | undefined;
}

/** Gitea's bodies are JSON (protocol), text (permission), HTML (a proxy) or empty (500, quota): none is assumed. */
export function readErrorResponse(response: RegistryResponse, method: RegistryRequest['method']): ErrorResponse {
  const bodyText = response.body.subarray(0, mostBodyBytes).toString('utf8');
  const errors = (parseJson(errorBody, bodyText)?.errors ?? []).slice(0, mostErrors);
  return {
    status: response.status,
    method,
    path: response.url.pathname,
    host: response.url.host,
    codes: errors.map(({ code }) => code.slice(0, longestCode)).filter((code) => code !== ''),
    messages: errors.map(({ message }) => message).filter((message) => message !== ''),
    contentType: contentTypeOf(response),
    bodyText,
    server: header(response, 'server'),
    challenges: parseChallenges(response.headers),
    retryAfter: retryAfter(response, Date.now()),
  };
}

/** The server's own message as the end of a sentence: `: “quota exceeded”`, or nothing. */
export function serverMessage(refusal: ErrorResponse): string {
  const message = messageOf(refusal);
  return message === ''
    ? ''
    : l10n.t({
        message: ': “{0}”',
        args: [message],
        comment: '{0}: what a server said. Inserted before the full stop of a sentence, without a blank before it',
      });
}

/** True for a web page: a sign-in page or a proxy has answered instead of the registry. */
export function isWebPage(response: Pick<RegistryResponse, 'headers' | 'body'>): boolean {
  return isHtml({ contentType: contentTypeOf(response), bodyText: response.body.subarray(0, 1024).toString('utf8') });
}

export function isHtml({ contentType, bodyText }: Pick<ErrorResponse, 'contentType' | 'bodyText'>): boolean {
  return contentType === 'text/html' || /^\s*<(?:!doctype|html)/i.test(bodyText);
}

function contentTypeOf(response: Pick<RegistryResponse, 'headers'>): string {
  return (header(response, 'content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

function messageOf(refusal: ErrorResponse): string {
  if (refusal.messages.length > 0) return shorten(refusal.messages.join('; '));
  if (refusal.codes.length > 0) return shorten(refusal.codes.join(', '));
  if (isHtml(refusal)) return shorten(/<title>([^<]*)<\/title>/i.exec(refusal.bodyText)?.[1] ?? '');
  return shorten(parseJson(restError, refusal.bodyText)?.message ?? refusal.bodyText);
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= 300 ? line : `${line.slice(0, 299)}…`;
}
