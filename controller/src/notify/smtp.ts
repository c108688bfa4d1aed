// News by e-mail. nodemailer is loaded only when there is something to send: the idle daemon stays small.
import type { News } from './news.ts';
import type { TargetOf } from './targets.ts';

export async function sendMail(
  target: TargetOf<'smtp'>,
  password: string | null,
  { title, text }: News,
  timeoutMs: number,
): Promise<void> {
  const { createTransport } = await import('nodemailer');
  const { host, port, security, user, from, to } = target;
  const transport = createTransport({
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    ...(user === undefined || password === null ? {} : { auth: { user, pass: password } }),
  });
  try {
    await transport.sendMail({ from, to, subject: title, text });
  } catch (error) {
    // What the server said may repeat the user's name or more: its number is enough.
    const { code, responseCode } = error as { code?: string; responseCode?: number };
    throw new Error(`the mail server did not take it (${responseCode ?? code ?? 'unknown'})`);
  } finally {
    transport.close();
  }
}
