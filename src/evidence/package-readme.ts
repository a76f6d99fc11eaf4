/**
 * What lies in a package as README.txt: where to begin, and how to check everything with nothing but OpenSSL and a shell.
 * The commands are kept as one text so that the very same ones are printed, documented and tested.
 */

/** For bash; run in the folder into which the package was unpacked. Prints a line for each thing that was checked. */
export const OPENSSL_COMMANDS = `sha() { openssl dgst -sha256 -r | cut -c 1-64; }
bytes() { printf "$(printf '%s' "$1" | sed 's/../\\\\x&/g')"; }
say() { if [ "$1" = 0 ]; then echo "OK      $2"; else echo "WRONG   $2"; fi; }

# 1. Whose key? Compare this fingerprint with the one you know from elsewhere.
echo "KEY     $(openssl pkey -pubin -in seal/key.pem -outform DER | sha)"

# 2. The key signed the head of the log.
openssl pkeyutl -verify -pubin -inkey seal/key.pem -rawin -in seal/head.txt -sigfile seal/head.sig > /dev/null 2>&1
say $? "signature under seal/head.txt"

# 3. An entry is in the log under that head (RFC 6962): in_log FILE INDEX HASH...
size=$(sed -n 's/.*"size":\\([0-9]*\\).*/\\1/p' seal/head.txt)
root=$(sed -n 's/.*"root":"\\([0-9a-f]*\\)".*/\\1/p' seal/head.txt)
in_log() {
  file=$1 first=$2 last=$((size - 1)); shift 2
  hash=$({ printf '\\000'; cat "$file"; } | sha)
  for sibling in "$@"; do
    if [ $((first % 2)) = 1 ] || [ "$first" = "$last" ]; then
      hash=$({ printf '\\001'; bytes "$sibling"; bytes "$hash"; } | sha)
      while [ $((first % 2)) = 0 ] && [ "$first" != 0 ]; do first=$((first / 2)) last=$((last / 2)); done
    else
      hash=$({ printf '\\001'; bytes "$hash"; bytes "$sibling"; } | sha)
    fi
    first=$((first / 2)) last=$((last / 2))
  done
  [ "$hash" = "$root" ]; say $? "in the log: $file"
}
bears() { # the entry FILE bears the digest of its BODY
  [ "$(sed -n 's/.*"bodySha256":"\\([0-9a-f]*\\)".*/\\1/p' "$1")" = "$(sha < "$2")" ]; say $? "body: $2"
}

# 4. The log says that this package was made (the last line of the proofs), and every other entry is in it too.
in_log seal/package-entry.json $(tail -n 1 seal/proofs.txt)
bears seal/package-entry.json seal/package-body.json
sed '$d' seal/proofs.txt | while read -r index hashes; do
  entry=$(printf 'log/%010d' "$index")
  in_log "$entry-entry.json" "$index" $hashes
  bears "$entry-entry.json" "$entry-body.json"
done

# 5. The package is the one that the log speaks of, and every file is the one that the package speaks of.
grep -q "\\"$(sha < manifest.json)\\"" seal/package-body.json; say $? "manifest.json"
grep -q "\\"$(sha < SHA256SUMS)\\"" manifest.json; say $? "SHA256SUMS"
while read -r sum file; do
  [ "$(sha < "$file")" = "$sum" ]; say $? "$file"
done < SHA256SUMS
[ "$(find . -type f | wc -l)" = "$(($(wc -l < SHA256SUMS) + 9))" ]; say $? "no file too many, none too few"`;

/** Checks what the outside authority signed. */
export const OPENSSL_STAMP_COMMAND =
  'openssl ts -verify -data stamp/head.txt -in stamp/token.tst -token_in -CAfile authority-root.pem';

export function readmeText(): string {
  return `哨兵 电子证据包 / Sentinel evidence package
================================================================

请先阅读 statement.pdf（电子证据说明，可打印）。
Read statement.pdf first (the statement of electronic evidence, printable).

核验 / How to check
----------------------------------------------------------------

一、不安装任何软件：断开网络，用浏览器打开 verifier.html，选择本证据包的 ZIP 文件（未解压的原文件）。
二、命令行：sentinel verify 证据包.zip
三、只用 OpenSSL（3.0 及以上）与 bash：见下方命令。

1. With nothing installed: open verifier.html in a browser, offline, and choose the package's ZIP file as you got it.
2. On the command line: sentinel verify PACKAGE.zip
3. With nothing but OpenSSL (3.0 or later) and bash: the commands below.

前两种方式核对 ZIP 文件的每一个字节；第三种方式核对解压后的文件，不经过本系统的任何程序。
The first two hold every byte of the ZIP file against what it must be; the third checks the unpacked files, and with no
program of ours.

重要：请将签名公钥指纹（KEY 一行）与另行获知的指纹（例如小区每日公示单上的）比对。指纹不符，则下列一切只能证明此包自洽。
Important: compare the fingerprint of the key (the line KEY) with one you know from elsewhere, such as the estate's daily
sheet. Where they differ, all of this shows no more than that the package agrees with itself.

内容 / What is inside
----------------------------------------------------------------

statement.pdf        电子证据说明 statement of electronic evidence
snapshots/           快照：original.* 为摄像机原始码流；其余为派生图片与可播放副本
                     snapshots: original.* are the camera's own bytes; the rest are pictures and a playable copy
marked/              已标注的图片副本（不替代原图） marked copies of pictures; they replace nothing
log/                 存证日志条目及其内容（快照记录、调取记录、公钥记录）
                     entries of the evidence log with their bodies: snapshot records, who touched them, keys
stamp/               可信时间戳（如有） time stamp of an outside authority (RFC 3161), where there is one
seal/                签名树头、公钥、包含证明 the signed head, the key, the proofs
manifest.json        全部文件清单与摘要 every file with its digest
SHA256SUMS           同上，供 sha256sum -c 使用 the same for sha256sum -c
verifier.html        离线核验页面 the page that checks this package offline

OpenSSL
----------------------------------------------------------------

在解压后的文件夹中运行（bash）。每行应为 OK。
Run in the folder into which the package was unpacked (bash). Every line must say OK.

${OPENSSL_COMMANDS}

可信时间戳（包内有 stamp 文件夹时）：机构根证书须另行取得。
The time stamp, where there is a folder stamp: with the authority's root certificate, which you must have from elsewhere.

${OPENSSL_STAMP_COMMAND}
`;
}
