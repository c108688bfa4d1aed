// Synthesised `zfs send` streams for tests: right first and last records around any content.

const recordBytes = 312;

/** Given a GUID and content, return a stream that passes for a plain send of that snapshot, full or from another one's GUID. */
export function zfsStream(
  guid: string,
  content: Buffer,
  type: 'filesystem' | 'volume' = 'filesystem',
  fromGuid = '0',
): Buffer {
  const begin = Buffer.alloc(recordBytes);
  begin.writeBigUInt64LE(0x2f5bacbacn, 8);
  begin.writeUInt32LE(type === 'filesystem' ? 2 : 3, 32);
  begin.writeBigUInt64LE(BigInt(guid), 40);
  begin.writeBigUInt64LE(BigInt(fromGuid), 48);
  const end = Buffer.alloc(recordBytes);
  end.writeUInt32LE(5, 0);
  end.writeBigUInt64LE(BigInt(guid), 40);
  return Buffer.concat([begin, content, end]);
}
