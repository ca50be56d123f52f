package pin
import ("os";"path/filepath";"testing";"fmt")
func TestZZ(t *testing.T) {
	root := os.Getenv("CORPUS"); if root == "" { t.Skip() }
	n, refs_, left, bad := 0,0,0,0
	why := map[string]int{}
	filepath.Walk(root, func(p string, i os.FileInfo, err error) error {
		if err != nil || i.IsDir() { return nil }
		data, _ := os.ReadFile(p)
		refs, err := References("Dockerfile", data); if err != nil { return nil }
		n++
		d := map[int]string{}
		for i, r := range refs { refs_++; if r.Why != "" { left++; why[r.Why]++; continue }; d[i] = newDigest }
		if _, err := Edit("Dockerfile", data, refs, d); err != nil { bad++; fmt.Println("BAD", p, err) }
		return nil
	})
	fmt.Println(n, refs_, left, bad); for k, v := range why { fmt.Println("  ", v, k) }
}
