# The formula of depfetch {{.Version}} for Homebrew, made with its release.
class Depfetch < Formula
  desc "Pinned and verified downloads for image builds"
  homepage "{{or .Source .URL}}"
  version "{{.Version}}"
  license "{{.License}}"
{{range .Archives}}{{if or (eq .OS "darwin") (and (eq .OS "linux") (or (eq .Arch "amd64") (eq .Arch "arm64")))}}
  on_{{if eq .OS "darwin"}}macos{{else}}linux{{end}} do
    on_{{if eq .Arch "amd64"}}intel{{else}}arm{{end}} do
      url "{{$.URL}}/{{.File}}"
      sha256 "{{.SHA256}}"
    end
  end
{{end}}{{end}}
  def install
    bin.install "depfetch", "deplock"
    man1.install Dir["man/*.1"]
    %w[depfetch deplock].each do |name|
      bash_completion.install "completions/#{name}.bash" => name
      zsh_completion.install "completions/#{name}.zsh" => "_#{name}"
      fish_completion.install "completions/#{name}.fish"
    end
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/depfetch --version")
    assert_match version.to_s, shell_output("#{bin}/deplock --version")
  end
end
