package commensal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Locale;

/** The loadable extension of this platform, which a jar has, as a file that nobody else could have written. */
final class Library {
    private static Path path;

    private Library() {}

    static synchronized Path path() throws CommensalException {
        if (path == null) {
            path = unpack();
        }
        return path;
    }

    private static Path unpack() throws CommensalException {
        String platform = platform();
        String resource = "native/" + platform + "/" + name();
        try (InputStream in = Library.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new CommensalException(
                        "there is no library for " + platform + " in the class path: add the archive commensal-…-"
                                + platform + ".jar, or give load() the path of a library",
                        (java.sql.SQLException) null);
            }
            return unpack(in.readAllBytes());
        } catch (IOException error) {
            throw new CommensalException("there is no place for the library", error);
        }
    }

    private static Path unpack(byte[] library) throws IOException {
        Path cache = cache();
        if (cache != null) {
            try {
                return unpackInto(cache.resolve("commensal-java").resolve(hash(library)), library);
            } catch (IOException error) {
                // Another place will do.
            }
        }
        // Of this process alone, and only the user's.
        Path folder = Files.createTempDirectory("commensal-java-");
        // The last one registered goes first.
        folder.toFile().deleteOnExit();
        Path file = unpackInto(folder, library);
        file.toFile().deleteOnExit();
        return file;
    }

    /** The folder of the user's caches, if there is one. */
    private static Path cache() {
        String named = System.getenv(isWindows() ? "LOCALAPPDATA" : "XDG_CACHE_HOME");
        if (named != null && Path.of(named).isAbsolute()) {
            return Path.of(named);
        }
        String home = System.getProperty("user.home");
        return home == null || !Path.of(home).isAbsolute() ? null : Path.of(home, ".cache");
    }

    /** Writes the library into a folder, unless it is there, and makes sure that only the user could have written it. */
    static Path unpackInto(Path folder, byte[] library) throws IOException {
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            // The caches of all programs may be there for others, too. What is below is not.
            Files.createDirectories(folder.getParent().getParent());
            create(folder.getParent());
            create(folder);
        }
        // That it was there before is no reason to trust it.
        checkOwn(folder);
        if (folder.getParent().endsWith("commensal-java")) {
            checkOwn(folder.getParent());
        }
        Path file = folder.resolve(name());
        if (isLibrary(file, library)) {
            return file;
        }
        Path temporary = Files.createTempFile(folder, name(), null);
        try {
            Files.write(temporary, library);
            // Another process may do the same at the same time. Both files are the same.
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(temporary);
        }
        if (!isLibrary(file, library)) {
            throw new IOException(file + " is not safe from other users");
        }
        return file;
    }

    private static void create(Path folder) throws IOException {
        if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (isWindows()) {
            Files.createDirectory(folder);
        } else {
            Files.createDirectory(
                    folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
    }

    private static boolean isLibrary(Path file, byte[] library) throws IOException {
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) || Files.size(file) != library.length) {
            return false;
        }
        try {
            checkOwn(file);
        } catch (IOException error) {
            return false;
        }
        return Arrays.equals(Files.readAllBytes(file), library);
    }

    /** Checks that something is no link, belongs to the user, and that nobody else may write it. */
    private static void checkOwn(Path path) throws IOException {
        PosixFileAttributeView view =
                Files.getFileAttributeView(path, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
        if (view == null) {
            // Elsewhere than on Unix, the user's own folders are only the user's.
            return;
        }
        var attributes = view.readAttributes();
        var permissions = attributes.permissions();
        boolean isOwn = !attributes.isSymbolicLink()
                && attributes.owner().equals(Owner.of())
                && !permissions.contains(PosixFilePermission.GROUP_WRITE)
                && !permissions.contains(PosixFilePermission.OTHERS_WRITE);
        if (!isOwn) {
            throw new IOException(path + " is not safe from other users");
        }
    }

    /** Who this process is: the owner of a file that it makes. */
    private static final class Owner {
        private static Object owner;

        private Owner() {}

        static synchronized Object of() throws IOException {
            if (owner == null) {
                Path file = Files.createTempFile("commensal-java-", null);
                try {
                    owner = Files.getOwner(file);
                } finally {
                    Files.delete(file);
                }
            }
            return owner;
        }
    }

    private static String hash(byte[] library) {
        try {
            StringBuilder hex = new StringBuilder();
            byte[] sum = MessageDigest.getInstance("SHA-256").digest(library);
            for (byte b : Arrays.copyOf(sum, 16)) {
                hex.append(String.format("%02x", b));
            }
            return hex.toString();
        } catch (NoSuchAlgorithmException error) {
            throw new IllegalStateException(error);
        }
    }

    private static boolean isWindows() {
        return System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("windows");
    }

    private static String name() {
        String system = platform();
        return system.startsWith("windows")
                ? "commensal.dll"
                : system.startsWith("darwin") ? "libcommensal.dylib" : "libcommensal.so";
    }

    /** The platform, as the archive's classifier names it. */
    static String platform() {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String arch = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        system = system.startsWith("mac") ? "darwin" : system.startsWith("windows") ? "windows" : system;
        arch = arch.equals("amd64") || arch.equals("x86_64") ? "x86_64" : arch.equals("arm64") ? "aarch64" : arch;
        return system + "-" + arch;
    }
}
