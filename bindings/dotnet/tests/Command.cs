#nullable enable
using System;
using System.Diagnostics;
using System.Linq;

namespace Commensal.Tests
{
    /// <summary>Other programs that tests run.</summary>
    internal static class Command
    {
        internal static string Dotnet => Environment.GetEnvironmentVariable("DOTNET")!;
        internal static string Mono => Environment.GetEnvironmentVariable("COMMENSAL_MONO")!;

        /// <summary>Runs a program in a folder. Gives what it prints.</summary>
        internal static string Run(string folder, string command, params string[] arguments)
        {
            var start = new ProcessStartInfo(command, string.Join(" ", arguments.Select(one => "\"" + one + "\"")))
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false,
                WorkingDirectory = folder,
            };
            using var process = Process.Start(start)!;
            var errors = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0)
            {
                throw new InvalidOperationException(process.ExitCode + ": " + output + errors.Result);
            }
            return output;
        }
    }
}
