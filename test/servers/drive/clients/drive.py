"""Google's own Python library against the emulator: the calls as its documentation shows them, nothing adapted.

Prints one JSON document with what was seen; the test decides whether it is right.
"""

import io
import json
import os
import sys

from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from googleapiclient.http import MediaFileUpload, MediaIoBaseDownload, MediaIoBaseUpload

CHUNK = 256 * 1024


def upload(drive, body, media):
    request = drive.files().create(body=body, media_body=media, fields="id,name,size,md5Checksum,sha256Checksum")
    steps, response = 0, None
    while response is None:
        _status, response = request.next_chunk()
        steps += 1
    return response, steps


def download(drive, file_id):
    content = io.BytesIO()
    downloader = MediaIoBaseDownload(content, drive.files().get_media(fileId=file_id), chunksize=CHUNK)
    done, steps = False, 0
    while not done:
        _status, done = downloader.next_chunk()
        steps += 1
    return content.getvalue(), steps


def main(path):
    with open("/in/login.json", encoding="utf-8") as login:
        credentials = Credentials(None, token_uri="https://oauth2.googleapis.com/token", **json.load(login))
    drive = build("drive", "v3", credentials=credentials, cache_discovery=False)

    ids = drive.files().generateIds(count=3).execute()["ids"]
    media = MediaFileUpload(path, mimetype="application/octet-stream", chunksize=CHUNK, resumable=True)
    body = {"id": ids[0], "name": "it's a part", "appProperties": {"kind": "part"}}
    created, upload_steps = upload(drive, body, media)

    query = "name = 'it\\'s a part' and appProperties has { key='kind' and value='part' } and trashed = false"
    found = drive.files().list(q=query, fields="nextPageToken, files(id, size)").execute()
    content, download_steps = download(drive, created["id"])
    with open(path, "rb") as original:
        identical = content == original.read()

    small = drive.files().create(
        body={"name": "small"}, media_body=MediaIoBaseUpload(io.BytesIO(b"\x00\xff\r\n--"), "application/octet-stream")
    )
    drive.files().delete(fileId=small.execute()["id"]).execute()
    json.dump(
        {
            "ids": ids,
            "created": created,
            "found": found,
            "uploadSteps": upload_steps,
            "downloadSteps": download_steps,
            "identical": identical,
            "library": os.popen("dpkg-query -W python3-googleapi").read().strip(),
        },
        sys.stdout,
    )


main(sys.argv[1])
