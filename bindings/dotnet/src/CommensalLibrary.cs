#nullable enable
using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;

namespace Commensal
{
    /// <summary>The loadable extension of this platform, which the NuGet package has.</summary>
    public static class CommensalLibrary
    {
        private static readonly object Finding = new object();
        private static string? found;

        /// <summary>The path, for programs that load it by other means.</summary>
        /// <exception cref="CommensalException">There is none for this platform.</exception>
        public static string Path
        {
            get
            {
                lock (Finding)
                {
                    return found ??= Find(Folders());
                }
            }
        }

        /// <summary>The platform, as NuGet names it: <c>linux-x64</c>.</summary>
        internal static string Platform
        {
            get
            {
                var system = RuntimeInformation.IsOSPlatform(OSPlatform.Windows) ? "win"
                    : RuntimeInformation.IsOSPlatform(OSPlatform.OSX) ? "osx"
                    : "linux";
                return system + "-" + RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
            }
        }

        /// <summary>
        /// The file's name. On Windows too it begins with lib, because NuGet puts it beside Commensal.dll, and letter case
        /// does not distinguish files there.
        /// </summary>
        private static string Name =>
            "libcommensal" + (RuntimeInformation.IsOSPlatform(OSPlatform.Windows) ? ".dll"
                : RuntimeInformation.IsOSPlatform(OSPlatform.OSX) ? ".dylib"
                : ".so");

        internal static string Find(IEnumerable<string> folders)
        {
            foreach (var folder in folders)
            {
                var path = System.IO.Path.Combine(folder, Name);
                // Never below the working directory of whoever starts the program.
                if (System.IO.Path.IsPathRooted(folder) && File.Exists(path))
                {
                    return path;
                }
            }
            throw new CommensalException(
                "there is no " + Name + " beside Commensal.dll: reference the NuGet package Commensal, which has it for some "
                    + "platforms in runtimes/ (this one is " + Platform + "), or set CommensalOptions.Library to the path of "
                    + "one");
        }

        /// <summary>Where it can be: where .NET looks for a package's libraries, and beside the assembly.</summary>
        private static IEnumerable<string> Folders()
        {
            if (AppDomain.CurrentDomain.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") is string searched)
            {
                foreach (var folder in searched.Split(System.IO.Path.PathSeparator))
                {
                    yield return folder;
                }
            }
            var native = System.IO.Path.Combine("runtimes", Platform, "native");
            // Empty if the assembly is in the program's own file.
            var assembly = System.IO.Path.GetDirectoryName(typeof(CommensalLibrary).Assembly.Location);
            if (!string.IsNullOrEmpty(assembly))
            {
                yield return assembly;
                yield return System.IO.Path.Combine(assembly, native);
                // As in the package itself, from lib/netstandard2.0.
                yield return System.IO.Path.GetFullPath(System.IO.Path.Combine(assembly, "..", "..", native));
            }
            yield return AppContext.BaseDirectory;
            yield return System.IO.Path.Combine(AppContext.BaseDirectory, native);
        }
    }
}
