"""nupkg.py PROJECT FOLDER ENTRY=FILE…: writes a NuGet package of these files, with what the project says of itself.

The same files make the same bytes, which `dotnet pack` does not do.
"""

import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import escape

project, folder, *files = sys.argv[1:]
said = {element.tag: element.text or "" for group in ElementTree.parse(project).getroot() for element in group}
name, version = said["AssemblyName"], said["Version"]

nuspec = f"""<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd">
  <metadata minClientVersion="2.12">
    <id>{name}</id>
    <version>{version}</version>
    <authors>{escape(said["Authors"])}</authors>
    <requireLicenseAcceptance>false</requireLicenseAcceptance>
    <license type="expression">{said["PackageLicenseExpression"]}</license>
    <readme>README.md</readme>
    <description>{escape(said["Description"])}</description>
    <copyright>{escape(said["Copyright"])}</copyright>
    <tags>{said["PackageTags"]}</tags>
    <dependencies>
      <group targetFramework=".NETStandard2.0" />
    </dependencies>
  </metadata>
</package>
"""
relations = f"""<?xml version="1.0" encoding="utf-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
  <Relationship Type="http://schemas.microsoft.com/packaging/2010/07/manifest" Target="/{name}.nuspec" Id="R1" />
</Relationships>
"""
entries = dict(file.split("=", 1) for file in files)
suffixes = {Path(entry).suffix[1:] for entry in entries} - {""}
types = "".join(
    f'  <Default Extension="{suffix}" ContentType="application/octet-stream" />\n' for suffix in sorted(suffixes | {"nuspec"})
)
# Files without a suffix are named.
types += "".join(
    f'  <Override PartName="/{entry}" ContentType="application/octet-stream" />\n'
    for entry in sorted(entries)
    if not Path(entry).suffix
)
content_types = f"""<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
  <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml" />
{types}</Types>
"""

made = {"_rels/.rels": relations, f"{name}.nuspec": nuspec, "[Content_Types].xml": content_types}
with zipfile.ZipFile(Path(folder, f"{name}.{version}.nupkg"), "w") as package:
    for entry, content in [*made.items(), *sorted(entries.items())]:
        data = content.encode() if entry in made else Path(content).read_bytes()
        information = zipfile.ZipInfo(entry)  # its time is 1980
        information.compress_type = zipfile.ZIP_DEFLATED
        information.external_attr = 0o100644 << 16
        package.writestr(information, data)
